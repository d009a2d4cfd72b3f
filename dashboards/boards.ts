import type { Topology } from '../services/model/topology.ts'
import { overview } from '../services/platform/boards.ts'
import type { Board } from './board.ts'
import { breakerBoard } from './breakers.ts'
import { kafkaBoard } from './kafka.ts'
import { overviewBoard } from './overview.ts'
import { redBoard } from './red.ts'
import { sharedBoard, sharedBoards } from './shared.ts'
import { sloBoard } from './slo.ts'
import { storeBoard } from './stores.ts'

/** Every board: those of the platform, those that services share, and one of each service. */
export const boardsOf = (topology: Topology): readonly Board[] => [
  overviewBoard(topology),
  sloBoard(topology),
  kafkaBoard(topology),
  storeBoard(topology),
  breakerBoard(),
  ...sharedBoards(topology)
    .filter((shared) => shared !== overview)
    .map((shared) => sharedBoard(shared, topology)),
  ...topology.services.map(redBoard),
]
