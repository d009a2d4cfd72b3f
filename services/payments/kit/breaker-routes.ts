import { actorOf } from '../../kit/auth.ts'
import type { Controls } from '../../kit/breaker-machine.ts'
import type { Handlers } from '../../kit/http.ts'
import type { ChosenState } from '../../model/breaker.ts'
import type { BreakerApi } from './breaker-api.ts'
import type { NotedChoice } from './breaker-store.ts'
import type { Breakers } from './breakers.ts'

/** What operators see of circuit breakers, and do to them. @param nameOf which one a request means */
export const breakerHandlers = <Params>(
  breakers: Breakers,
  nameOf: (params: Params) => string,
): Handlers<BreakerApi<Params>> => ({
  breaker: ({ params }) => ({ status: 200, body: viewOf(breakers, nameOf(params)) }),
  breakerChoices: async ({ params }) => {
    const choices = await breakers.trailOf(nameOf(params))
    return { status: 200, body: choices.map(choiceView) }
  },
  chooseState: async ({ params, body: { state, reason }, claims }) => {
    const name = nameOf(params)
    const to = state.toLowerCase() as ChosenState
    await breakers.choose(name, { to, reason, ...actorOf(claims) })
    return { status: 200, body: viewOf(breakers, name) }
  },
})

/** A breaker as people see it. @throws Problem 404 */
export const viewOf = (breakers: Breakers, name: string) => ({
  ...numbersOf(breakers.named(name)),
  instance: breakers.instance,
  chosen: choiceView(breakers.chosen(name)),
})

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
