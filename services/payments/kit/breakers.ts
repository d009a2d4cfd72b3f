import type { Controls } from '../../kit/breaker-machine.ts'
import type { Context } from '../../kit/context.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import { Problem } from '../../kit/problem.ts'
import { repeat } from '../../kit/repeat.ts'
import type { ChosenState } from '../../model/breaker.ts'
import {
  choicesOf,
  noteChoice,
  presentChoices,
  type Choice,
  type NotedChoice,
} from './breaker-store.ts'

/** The breakers of this replica, and what people chose for those of all replicas. */
export interface Breakers {
  readonly instance: string
  readonly names: readonly string[]
  /** The choice that a breaker obeys here; undefined where nobody ever chose. */
  chosen(name: string): NotedChoice | undefined
  /** @throws Problem 404 */
  named(name: string): Controls
  /** The last choices about one, latest first. @throws Problem 404 */
  trailOf(name: string): Promise<readonly NotedChoice[]>
  /** Puts a breaker of every replica into a state: here at once, elsewhere within two seconds. @throws Problem 404 */
  choose(name: string, wish: Wish): Promise<void>
}

type Wish = Pick<Choice, 'reason' | 'subject' | 'clientId'> & { readonly to: ChosenState }

const lookEveryMs = 1000
/** Choices that people are shown. */
const shown = 100

/** Obeys what people choose, until the service stops; without the database it goes on as it is. */
export function steered(context: Context, database: Mariadb): Breakers {
  const { breakers, instance, log } = context
  const obeyed = new Map<string, NotedChoice>()
  const look = async (): Promise<void> => {
    for (const choice of await presentChoices(database)) {
      const { seq, name, to, subject } = choice
      if (seq <= (obeyed.get(name)?.seq ?? 0)) continue
      obeyed.set(name, choice)
      breakers.get(name)?.choose(to)
      log.warn({ breaker: name, to, subject }, 'circuit breaker was put into a state')
    }
  }
  repeat(context, { name: 'breaker choices', everyMs: lookEveryMs }, look)
  const named = (name: string): Controls => {
    const found = breakers.get(name)
    if (found) return found
    const names = [...breakers.keys()].join(', ')
    throw new Problem(404, 'NOT_FOUND', `There is no breaker "${name}"; there are ${names}.`)
  }
  return {
    instance,
    get names() {
      return [...breakers.keys()]
    },
    chosen: (name) => obeyed.get(name),
    named,
    trailOf: async (name) => {
      named(name)
      return choicesOf(database, name, shown)
    },
    choose: async (name, wish) => {
      await noteChoice(database, { name, from: named(name).state, instance, ...wish })
      await look()
    },
  }
}
