import { Problem, problemBody } from '../../kit/problem.ts'
import type { Reply } from '../../kit/http.ts'
import type { Payment } from './payments.ts'
import type { Answer } from './store.ts'

/** Where a refusal was met, for whoever looks for it later. */
export interface Origin {
  readonly requestId: string
  readonly traceId: string
}

/** The final answer to an authorisation: 200 or 402, made from the payment alone but for the refusal’s origin. */
export function finalAnswer(payment: Payment, origin: Origin): Answer {
  if (payment.approvalNumber === null) return refused(payment, origin)
  const { paymentId, amount, currency, capture, approvalNumber } = payment
  const isManual = capture === 'manual'
  const body = {
    paymentId,
    status: isManual ? 'AUTHORIZED' : 'CAPTURE_REQUESTED',
    amount,
    currency,
    createdAt: payment.requestedAt.toISOString(),
    ledgerEntries: [],
    message: `Payment authorized${isManual ? '' : ' and capture requested'} - Approval: ${approvalNumber}`,
  }
  return { status: 200, body: JSON.stringify(body) }
}

function refused({ paymentId, failureCode }: Payment, { requestId, traceId }: Origin): Answer {
  const reason = failureCode ?? 'PG_DECLINED'
  const problem = new Problem(402, 'PAYMENT_DECLINED', details[reason] ?? declined(reason), {
    members: { paymentId, reason, requestId, traceId },
  })
  const body = problemBody(problem, { path: '/payments/authorize', requestId, traceId })
  return { status: 402, body: JSON.stringify(body) }
}

/** The gateway was not heard in time, so what it may have held was let go. */
export const unknownEnded = 'UNKNOWN_VOIDED'

const details: Readonly<Record<string, string>> = {
  [unknownEnded]:
    'The gateway was not heard in time, and what it may have held was let go; pay again with a new key.',
}

const declined = (reason: string): string =>
  `The gateway declined the payment (${reason}); nothing was charged. Pay otherwise, with a new key.`

const contentTypes: Readonly<Record<number, string>> = {
  200: 'application/json; charset=utf-8',
  402: 'application/problem+json; charset=utf-8',
}

/** @param again whether it was given before */
export const replyOf = ({ status, body }: Answer, again: boolean): Reply => ({
  status,
  body,
  headers: {
    'content-type': contentTypes[status] ?? 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...(again && { 'idempotent-replayed': 'true' }),
  },
})

/** Nobody knows yet: where to ask, and when. */
export const unknown = (payment: Payment, retrySeconds: number, place: string): Reply => ({
  status: 202,
  headers: {
    location: place,
    'retry-after': String(retrySeconds),
    'cache-control': 'no-store',
  },
  body: {
    paymentId: payment.paymentId,
    status: payment.status,
    amount: payment.amount,
    currency: payment.currency,
    createdAt: payment.requestedAt.toISOString(),
    message:
      'The gateway has not said yet what became of it; look at Location, or send the same again.',
  },
})
