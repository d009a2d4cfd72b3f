import { actorOf } from '../../kit/auth.ts'
import type { Controls } from '../../kit/breaker-machine.ts'
import type { Handlers } from '../../kit/http.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import type { ChosenState } from '../../model/breaker.ts'
import type { breakerApi } from './breaker-api.ts'
import { choicesOf, type NotedChoice } from './breaker-store.ts'
import type { Breakers } from './breakers.ts'

/** Choices that people are shown. */
const shown = 100

/** What operators see of circuit breakers, and do to them. */
export function breakerHandlers(
  breakers: Breakers,
  { database, instance }: { database: Mariadb; instance: string },
): Handlers<typeof breakerApi> {
  const view = (name: string) => ({
    ...numbersOf(breakers.named(name)),
    instance,
    chosen: choiceView(breakers.chosen(name)),
  })
  return {
    breakers: () => {
      const all = [...breakers.all.keys()].map((name) => [name, view(name)] as const)
      return { status: 200, body: Object.fromEntries(all) }
    },
    breaker: ({ params: { name } }) => ({ status: 200, body: view(name) }),
    breakerChoices: async ({ params: { name } }) => {
      breakers.named(name)
      const choices = await choicesOf(database, name, shown)
      return { status: 200, body: choices.map(choiceView) }
    },
    chooseState: async ({ params: { name }, body: { state, reason }, claims }) => {
      const to = state.toLowerCase() as ChosenState
      await breakers.choose(name, { to, reason, ...actorOf(claims) })
      return { status: 200, body: view(name) }
    },
  }
}

const numbersOf = ({ state, counts, failureRate, slowRate, notPermitted }: Controls) => ({
  state: state.toUpperCase(),
  numberOfSuccessfulCalls: counts.calls - counts.failed,
  numberOfFailedCalls: counts.failed,
  numberOfSlowCalls: counts.slow,
  numberOfSlowSuccessfulCalls: counts.slow - counts.slowFailed,
  numberOfSlowFailedCalls: counts.slowFailed,
  numberOfBufferedCalls: counts.calls,
  numberOfNotPermittedCalls: notPermitted,
  failureRate: percent(failureRate),
  slowCallRate: percent(slowRate),
})

/** Contract: -1 where there is no rate. */
const percent = (rate: number | undefined): string =>
  `${(rate === undefined ? -1 : rate * 100).toFixed(2)}%`

const choiceView = (choice: NotedChoice | undefined) =>
  choice === undefined
    ? null
    : {
        state: choice.to.toUpperCase(),
        from: choice.from.toUpperCase(),
        reason: choice.reason,
        subject: choice.subject,
        clientId: choice.clientId,
        instance: choice.instance,
        at: choice.at.toISOString(),
      }
