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
const view = z
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

const params = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be the name of a breaker'),
})
const reading = { access: adminPayments, params, problems: [404] } as const

export const breakerApi = {
  breakers: route('GET /circuit-breaker/status', {
    summary: 'Every circuit breaker of the replica that answers, by its name.',
    access: adminPayments,
    answers: { 200: { summary: 'The breakers', schema: z.record(z.string(), view) } },
  }),
  breaker: route('GET /circuit-breaker/:name', {
    summary: 'One circuit breaker.',
    ...reading,
    answers: { 200: { summary: 'The breaker', schema: view } },
  }),
  breakerChoices: route('GET /circuit-breaker/:name/audit', {
    summary: 'Who put a circuit breaker into which state, latest first.',
    ...reading,
    answers: { 200: { summary: 'The last hundred choices', schema: z.array(choice) } },
  }),
  chooseState: route('POST /circuit-breaker/:name/state', {
    summary:
      'Puts a circuit breaker of all replicas into a state, within two seconds and until the next choice; `CLOSED` gives it back to its own rules.',
    ...reading,
    body: z.object({
      state: chosen,
      reason: z.string().trim().min(1, 'must not be blank').max(256),
    }),
    answers: { 200: { summary: 'The breaker as it is now', schema: view } },
  }),
}
