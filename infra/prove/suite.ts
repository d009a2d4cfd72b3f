import type { Random } from '../../services/kit/testing/random.ts'
import type { Check } from '../verify/check.ts'
import type { Fault } from './fault.ts'
import type { ProvingGround } from './ground.ts'
import type { Load } from './history.ts'

/** What is broken under which load, and who judges what became of it. */
export interface Suite<Kind extends string = string> {
  readonly name: string
  readonly says: string
  /** What its load does. */
  readonly kinds: readonly Kind[]
  readonly faults: readonly Fault<Kind>[]
  /** Settings of services for as long as it runs, by service: most wait shorter than in earnest. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Kept in step with every effect, so that they can be asked after each trial. */
  readonly books: readonly Check[]
  /** What can be asked only when all trials are over. */
  readonly lastly: readonly Check[]
  /** What every trial begins with. */
  prepare?(ground: ProvingGround): Promise<void>
  /** Uses the platform until it is told to stop. */
  drive(ground: ProvingGround, random: Random): Load<Kind>
}
