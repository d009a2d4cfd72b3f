import { z } from 'zod'
import { route } from '../../model/route.ts'
import { breakerStates, chosenStates } from '../../model/breaker.ts'
import { adminPayments } from '../scopes.ts'

const said = <State extends string>(state: State) => state.toUpperCase() as Uppercase<State>
const state = z.enum(breakerStates.map(said))
const chosen = z.enum(chosenStates.map(said))

const choice = z.object({
  state: chosen,
  from: state,
  reason: z.string(),
  subject: z.string(),
  clientId: z.string(),
  instance: z.string().describe('The replica that was told'),
  at: z.iso.datetime(),
})

const rate = z.string().describe('e.g. `12.50%`; `-1.00%` while there are too few calls to judge')
export const breakerView = z
  .object({
    state,
    numberOfSuccessfulCalls: z.int(),
    numberOfFailedCalls: z.int(),
    numberOfSlowCalls: z.int(),
    numberOfSlowSuccessfulCalls: z.int(),
    numberOfSlowFailedCalls: z.int(),
    numberOfBufferedCalls: z.int(),
    numberOfNotPermittedCalls: z.int(),
    failureRate: rate,
    slowCallRate: rate,
    instance: z.string().describe('The replica that answers: each counts for itself'),
    chosen: choice.nullable().describe('What people last put it into, on all replicas'),
  })
  .describe('Numbers of the calls in the window; refused ones since the start')

/**
 * What people see of a circuit breaker, and do to it.
 * @param place its name, or `:name` with the `params` of that
 */
export function breakerApi<Params>(place: string, of: { params?: z.ZodType<Params> }) {
  const reading = { access: adminPayments, problems: of.params ? [404] : [], ...of } as const
  return {
    breaker: route(`GET /circuit-breaker/${place}`, {
      summary: 'One circuit breaker.',
      ...reading,
      answers: { 200: { summary: 'The breaker', schema: breakerView } },
    }),
    breakerChoices: route(`GET /circuit-breaker/${place}/audit`, {
      summary: 'Who put a circuit breaker into which state, latest first.',
      ...reading,
      answers: { 200: { summary: 'The last hundred choices', schema: z.array(choice) } },
    }),
    chooseState: route(`POST /circuit-breaker/${place}/state`, {
      summary:
        'Puts a circuit breaker of all replicas into a state, within two seconds and until the next choice; `CLOSED` gives it back to its own rules.',
      ...reading,
      body: z.object({
        state: chosen,
        reason: z.string().trim().min(1, 'must not be blank').max(256),
      }),
      answers: { 200: { summary: 'The breaker as it is now', schema: breakerView } },
    }),
  }
}

export type BreakerApi<Params> = ReturnType<typeof breakerApi<Params>>
