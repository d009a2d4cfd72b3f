import type { Topology } from '../services/model/topology.ts'
import type { Board } from './panels.ts'
import { redBoard } from './red.ts'

/** Every board of the platform. */
export const boardsOf = (topology: Topology): readonly Board[] => topology.services.map(redBoard)
