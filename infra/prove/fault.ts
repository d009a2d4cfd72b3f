import type { Random } from '../../services/kit/testing/random.ts'
import type { Heal } from '../drill/drill.ts'
import type { ProvingGround } from './ground.ts'
import { kinds, type Kind } from './history.ts'
import type { Edge } from './wires.ts'

/** One way to break the platform. */
export interface Fault {
  readonly name: string
  readonly says: string
  /** Kinds of use that may notice; the others must not. */
  readonly notice: readonly Kind[]
  /** Instances that end, or are ended by the fault itself: nobody else may have to be started again. */
  readonly ends: readonly string[]
  /** Services that must say that they are not ready while it lasts. */
  readonly tells: readonly string[]
  /** Ways between services and servers that it disturbs. */
  readonly wires: readonly Edge[]
  /** How long it lasts: a time between these. */
  readonly lastsMs: { readonly least: number; readonly most: number }
  /** Of a hundred requests that should not notice one may, on a machine that does other things too; 0: none may. */
  readonly sparedShare: number
  /** From the healing until everything is well again. */
  readonly wellWithinMs: number
  /** Breaks it. Where it has a time of its own to pass, it does so here and the heal has nothing left to do. */
  inject(ground: ProvingGround, random: Random): Promise<Heal>
}

export const nothing: Heal = async () => undefined

/** A fault that nobody may notice, that ends nobody and lasts up to four seconds, unless said otherwise. */
export const fault = (what: Pick<Fault, 'name' | 'says' | 'inject'> & Partial<Fault>): Fault => ({
  notice: [],
  ends: [],
  tells: [],
  wires: [],
  lastsMs: { least: 0, most: 4000 },
  sparedShare: 0.01,
  wellWithinMs: 30_000,
  ...what,
})

/** Kinds of use that must not notice a fault. */
export const sparedBy = ({ notice }: Pick<Fault, 'notice'>): readonly Kind[] =>
  kinds.filter((kind) => !notice.includes(kind))
