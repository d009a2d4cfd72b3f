import type { Handlers, Reply } from '../../kit/http.ts'
import { invalidFields } from '../../kit/problem.ts'
import { activeTraceId } from '../../kit/spans.ts'
import type { paymentApi } from './api.ts'
import { authorize, type Desk } from './authorize.ts'
import { capture, captured } from './captures.ts'
import { headerKey, keyOf } from './idempotency.ts'
import { actingFor, seen, seenBy } from './merchants.ts'
import { viewOf, type Payment } from './payments.ts'
import { refundsOf, type Refund } from './refund-store.ts'
import { refund, wholeKey } from './refunds.ts'
import { historyOf, pageOfPayments, paymentOf, type Entry } from './store.ts'
import { voidPayment } from './voids.ts'

/** Everything that the payment API answers. */
export const handlers = (desk: Desk): Handlers<typeof paymentApi> => ({
  ...writing(desk),
  ...reading(desk),
})

const writing = (
  desk: Desk,
): Pick<Handlers<typeof paymentApi>, 'authorize' | 'capture' | 'void' | 'refund'> => ({
  authorize: ({ body, claims, headers, requestId }) => {
    const { idempotencyKey, merchantId, ...order } = body
    const key = keyOf(headers, idempotencyKey)
    const origin = { requestId, traceId: activeTraceId() }
    const mine = { ...order, merchantId: actingFor(claims, merchantId) }
    return authorize(desk, { order: mine, key, origin })
  },

  capture: async ({ params: { paymentId }, body, claims, headers, signal }) => {
    const merchantId = actingFor(claims, body.merchantId)
    await desk.limits('capture', merchantId)
    const asked = await capture(desk, { paymentId, merchantId })
    const wait = { ms: waitOf(headers['prefer']), signal: signal() }
    const payment = await captured(desk.database, asked, wait)
    if (payment.status === 'CAPTURED')
      return { status: 200, body: standing(payment, 'Payment captured successfully') }
    return later(payment, 'Capture requested')
  },

  void: async ({ params: { paymentId }, body, claims }) => {
    const merchantId = actingFor(claims, body.merchantId)
    await desk.limits('capture', merchantId)
    const payment = await voidPayment(desk, { paymentId, merchantId })
    return payment.status === 'VOIDED'
      ? { status: 200, body: standing(payment, 'Payment voided') }
      : later(payment, 'Void requested')
  },

  refund: async ({ params: { paymentId }, body, claims, headers }) => {
    const merchantId = actingFor(claims, body.merchantId)
    const part = partOf(headers, body)
    await desk.limits('refund', merchantId)
    const wish = { paymentId, merchantId, reason: body.reason, part }
    const { payment, refund: made, again } = await refund(desk, wish)
    const { refundId, amount } = made
    const message = 'Refund requested successfully'
    const { currency } = payment
    const answer = { paymentId, refundId, status: 'REFUND_REQUESTED', amount, currency, message }
    const headersOf = again ? { headers: { 'idempotent-replayed': 'true' } } : {}
    return { status: 200, body: answer, ...headersOf }
  },
})

const reading = ({ database }: Desk): Pick<Handlers<typeof paymentApi>, 'list' | 'get'> => ({
  list: async ({ query, claims }) => {
    const { cursor, size, status, currency, from, to } = query
    const merchantId = seenBy(claims, query.merchantId)
    const filter = { merchantId, status, currency, from: dateOf(from), to: dateOf(to) }
    const found = await pageOfPayments(database, filter, { before: cursor, size: size + 1 })
    const items = found.slice(0, size).map(viewOf)
    const next = found.length > size ? (items.at(-1)?.paymentId ?? null) : null
    return { status: 200, body: { items, next } }
  },

  get: async ({ params: { paymentId }, claims }) => {
    const found = await paymentOf(database, paymentId)
    const payment = seen(found, paymentId, seenBy(claims, undefined))
    const [history, refunds] = await Promise.all([
      historyOf(database, paymentId),
      refundsOf(database, paymentId),
    ])
    const body = {
      ...viewOf(payment),
      history: told(payment, history),
      refunds: refunds.map(refundView),
    }
    return { status: 200, body }
  },
})

const standing = ({ paymentId, status, amount, currency }: Payment, message: string) => ({
  ...{ paymentId, status, amount, currency, message },
})

const later = (payment: Payment, message: string): Reply => ({
  status: 202,
  headers: { location: `../${payment.paymentId}`, 'retry-after': '1' },
  body: standing(payment, message),
})

/** READY is where every payment begins, so no row says it. */
const told = ({ requestedAt }: Payment, history: readonly Entry[]) =>
  [{ version: 1, status: 'READY', reason: null, at: requestedAt }, ...history].map(
    ({ at, ...rest }) => ({ ...rest, at: at.toISOString() }),
  )

const refundView = ({ refundId, amount, reason, status, failureCode, requestedAt }: Refund) => ({
  ...{ refundId, amount, reason, status, failureCode },
  createdAt: requestedAt.toISOString(),
})

const dateOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(text)

/** A part that is to be refunded needs a key of its own. @throws Problem 400 */
function partOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  { amount, idempotencyKey }: { amount?: number | undefined; idempotencyKey?: string | undefined },
) {
  if (amount === undefined) {
    headerKey(headers)
    return undefined
  }
  const key = keyOf(headers, idempotencyKey)
  if (key !== wholeKey) return { amount, key }
  throw invalidFields('key', [
    {
      field: 'headers.idempotency-key',
      message: `must not be ${wholeKey}, the key of a refund without amount`,
    },
  ])
}

/** The longest that a client may wait for a capture. */
const longestWaitMs = 5000

/** `Prefer: wait=5` (RFC 7240), in ms; 0 where nothing of it is said. */
function waitOf(prefer: string | string[] | undefined): number {
  const seconds = /(?:^|[,;])\s*wait=(\d{1,3})\b/i.exec(prefer?.toString() ?? '')?.[1]
  return Math.min(longestWaitMs, Number(seconds ?? 0) * 1000)
}
