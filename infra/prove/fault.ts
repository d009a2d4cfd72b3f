import type { Random } from '../../services/kit/testing/random.ts'
import type { Heal } from '../drill/drill.ts'
import type { ProvingGround } from './ground.ts'
import type { Op } from './history.ts'
import type { Edge } from './wires.ts'

/** One way to break the platform. */
export interface Fault<Kind extends string = string> {
  readonly name: string
  readonly says: string
  /** Kinds of use that may notice; the others must not. */
  readonly notice: readonly Kind[]
  /** Instances that end, or are ended by the fault itself: nobody else may have to be started again. */
  readonly ends: readonly string[]
  /** Whether those end at once: what they were asked and had not answered goes with them, twin or not. */
  readonly isAbrupt: boolean
  /** Services that must say that they are not ready while it lasts. */
  readonly tells: readonly string[]
  /** Ways between services and servers that it disturbs. */
  readonly wires: readonly Edge[]
  /** Services whose clocks it moves. */
  readonly clocks: readonly string[]
  /** How long it lasts: a time between these. */
  readonly lastsMs: { readonly least: number; readonly most: number }
  /** Of a hundred requests that should not notice one may, on a machine that does other things too; 0: none may. */
  readonly sparedShare: number
  /** From the healing until everything is well again. */
  readonly wellWithinMs: number
  /** Breaks it. Where it has a time of its own to pass, it does so here and the heal has nothing left to do. */
  inject(ground: ProvingGround, random: Random): Promise<Heal>
  /** What was wrong with answers to what was asked for while it lasted, beside that there were such. */
  objections?(ops: readonly Op<Kind>[]): readonly string[]
}

export const nothing: Heal = async () => undefined

/** A fault that nobody may notice, that ends nobody and lasts up to four seconds, unless said otherwise. */
export const fault = <Kind extends string>(
  what: Pick<Fault, 'name' | 'says' | 'inject'> & Partial<Fault<Kind>>,
): Fault<Kind> => ({
  notice: [],
  ends: [],
  isAbrupt: false,
  tells: [],
  wires: [],
  clocks: [],
  lastsMs: { least: 0, most: 4000 },
  sparedShare: 0.01,
  wellWithinMs: 30_000,
  ...what,
})

/** What is to be said of a fault whose way of breaking is known. */
export type What<Kind extends string> = Pick<Fault, 'says'> &
  Partial<Omit<Fault<Kind>, 'name' | 'ends'>>

/** kill -9; the supervisor starts it again. */
export const killed = <Kind extends string>(name: string, what: What<Kind>): Fault<Kind> =>
  fault({
    name: `kill-${name}`,
    ends: [name],
    isAbrupt: true,
    inject: async ({ kill }) => {
      await kill(name)
      return nothing
    },
    ...what,
  })

/**
 * SIGSTOP for a while: sockets stay open, and nobody answers. Long enough to be seen by who looks every second. Not for
 * Postgres, whose connections are processes of their own.
 */
export const paused = <Kind extends string>(name: string, what: What<Kind>): Fault<Kind> =>
  fault({
    name: `pause-${name}`,
    lastsMs: { least: 3000, most: 6000 },
    inject: ({ pause }) => pause(name),
    ...what,
  })

/** Whether services must be started anew for it: they look different then to who uses them. */
export const isRigged = ({ wires, clocks }: Fault): boolean => wires.length + clocks.length > 0
