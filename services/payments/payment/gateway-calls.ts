import { z } from 'zod'
import { client, UpstreamError, type HttpClient } from '../../kit/client.ts'
import type { Context } from '../../kit/context.ts'
import { clientToken } from '../../kit/token.ts'
import { breakerNames } from '../kit/breaker-names.ts'
import pgMock from '../pg-mock/service.ts'
import { authorizationKey, type Payment } from './payments.ts'
import type service from './service.ts'

/** A word of the gateway that ends an authorisation. */
export type Final =
  | { readonly kind: 'approved'; readonly approvalNumber: string; readonly transactionId: string }
  | { readonly kind: 'declined' | 'voided'; readonly code: string }

/** What the gateway was heard to say. `none`: it has never heard of the key. `unknown`: nothing was heard. */
export type Verdict = Final | { readonly kind: 'none' } | { readonly kind: 'unknown' }

/** The payment gateway, asked under the payment’s own key. Never rejects. */
export interface GatewayCalls {
  query(payment: Payment): Promise<Verdict>
  /** Lets go of what is held, or refuses what may still come. */
  void(payment: Payment): Promise<Verdict>
  /** Leave to ask once for one of them. @throws Problem 503 `BREAKER_OPEN` */
  admit(to: 'authorize' | 'void'): Leave
}

/** It is used once, or given back. */
export interface Leave {
  ask(payment: Payment): Promise<Verdict>
  release(): void
}

/** Contract: §8.2 and the decisions. */
const policy = {
  window: 100,
  minimumCalls: 10,
  failureRate: 0.5,
  slowRate: 0.5,
  slowMs: 2000,
  openMs: 60_000,
  halfOpenTrials: 5,
}

/** What of the gateway’s answer is looked at. */
const decision = z.object({
  result: z.enum(['approved', 'declined', 'voided']),
  code: z.string(),
  approvalNumber: z.string().nullable(),
  transactionId: z.string().nullable(),
})

const { api } = pgMock

export function gatewayCalls(context: Context<typeof service>): GatewayCalls {
  const { gatewayTimeoutMs, breakerOpenMs } = context.config.settings
  const token = clientToken(context)
  const guarded = (name: string): HttpClient =>
    client(context, pgMock, {
      timeLimitMs: gatewayTimeoutMs,
      token,
      breaker: { ...policy, name, openMs: breakerOpenMs },
    })
  const authorizing = guarded(breakerNames.authorize)
  // With a breaker of its own: each authorisation without a result is looked after by two calls, and their success
  // would keep the other one closed while no authorisation succeeds.
  const lookingAfter = guarded(breakerNames.void)
  const heard = async (answer: ReturnType<HttpClient['request']>): Promise<Verdict> => {
    try {
      return verdictOf(decision.parse((await answer).body))
    } catch (error) {
      if (error instanceof UpstreamError && error.status === 404) return { kind: 'none' }
      context.log.warn({ err: error }, 'the payment gateway was not understood')
      return { kind: 'unknown' }
    }
  }
  return {
    query: (payment) =>
      heard(lookingAfter.request({ to: api.query, params: { key: authorizationKey(payment) } })),
    void: (payment) => heard(lookingAfter.request(wishes.void(payment))),
    admit: (to) => {
      const { request, release } = (to === 'void' ? lookingAfter : authorizing).admit()
      return { ask: (payment) => heard(request(wishes[to](payment))), release }
    },
  }
}

const wishes = {
  authorize: (payment: Payment) => {
    const { merchantId, amount, currency } = payment
    const body = { key: authorizationKey(payment), merchantId, amount, currency }
    return { to: api.authorize, body }
  },
  void: (payment: Payment) => ({ to: api.void, body: { key: authorizationKey(payment) } }),
}

function verdictOf({
  result,
  code,
  approvalNumber,
  transactionId,
}: z.infer<typeof decision>): Verdict {
  if (result !== 'approved') return { kind: result, code }
  if (approvalNumber === null || transactionId === null) return { kind: 'unknown' }
  return { kind: 'approved', approvalNumber, transactionId }
}
