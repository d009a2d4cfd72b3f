import { z } from 'zod'
import { client, UpstreamError, type HttpClient } from '../../kit/client.ts'
import type { Context } from '../../kit/context.ts'
import { clientToken } from '../../kit/token.ts'
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
  /** Leave for one authorisation. @throws Problem 503 `BREAKER_OPEN` */
  admit(): Leave
}

/** It is used once, or given back. */
export interface Leave {
  authorize(payment: Payment): Promise<Verdict>
  void(payment: Payment): Promise<Verdict>
  release(): void
}

/** Contract: §8.2 and the decisions. */
const policy = {
  name: 'pg-auth-api',
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
  const http = client(context, pgMock, {
    timeLimitMs: gatewayTimeoutMs,
    token: clientToken(context),
    breaker: { ...policy, openMs: breakerOpenMs },
  })
  const heard = async (answer: ReturnType<HttpClient['request']>): Promise<Verdict> => {
    try {
      return verdictOf(decision.parse((await answer).body))
    } catch (error) {
      if (error instanceof UpstreamError && error.status === 404) return { kind: 'none' }
      context.log.warn({ err: error }, 'the payment gateway was not understood')
      return { kind: 'unknown' }
    }
  }
  const voiding = ({ request }: Pick<HttpClient, 'request'>, payment: Payment) =>
    heard(request({ to: api.void, body: { key: authorizationKey(payment) } }))
  return {
    query: (payment) =>
      heard(http.request({ to: api.query, params: { key: authorizationKey(payment) } })),
    void: (payment) => voiding(http, payment),
    admit: () => {
      const leave = http.admit()
      return {
        authorize: (payment) => heard(leave.request({ to: api.authorize, body: holdOf(payment) })),
        void: (payment) => voiding(leave, payment),
        release: leave.release,
      }
    },
  }
}

const holdOf = (payment: Payment) => ({
  key: authorizationKey(payment),
  merchantId: payment.merchantId,
  amount: payment.amount,
  currency: payment.currency,
})

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
