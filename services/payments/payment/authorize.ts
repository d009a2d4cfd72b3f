import { v7 as uuid } from 'uuid'
import type { Reply } from '../../kit/http.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import { finalAnswer, replyOf, unknown, type Origin } from './answers.ts'
import type { Events } from './events.ts'
import type { GatewayCalls, Leave, Verdict } from './gateway-calls.ts'
import { hashOf, inProgress, otherBody } from './idempotency.ts'
import type { MerchantLimits } from './limits.ts'
import { finalise } from './outcomes.ts'
import type { Order, Payment } from './payments.ts'
import type { Replays } from './replays.ts'
import { keptAnswer, paymentNamed, postpone, reserve, takeOver, type Times } from './store.ts'

/** What payments are made with. */
export interface Desk {
  readonly database: Mariadb
  readonly gateway: GatewayCalls
  readonly replays: Replays
  readonly limits: MerchantLimits
  readonly events: Events
  readonly times: Times & { readonly voidAfterMs: number }
}

interface Wish {
  readonly order: Order
  readonly key: string
  readonly requestHash: string
  readonly origin: Origin
}

/**
 * Reserve, call, finalise: however often a request comes, and whoever dies in between, the gateway is asked under one
 * key and the first final answer is given again, to the byte.
 * @throws Problem 409 while another one works on it, 422 for other contents, 429, 503 when the gateway is left alone
 */
export async function authorize(
  desk: Desk,
  request: { order: Order; key: string; origin: Origin },
): Promise<Reply> {
  const wish = { ...request, requestHash: hashOf(request.order) }
  const { merchantId } = wish.order
  const cached = await desk.replays.find(merchantId, wish.key)
  if (cached) {
    expectSame(desk, wish, cached)
    return again(desk, 'redis', cached)
  }
  const known = await paymentNamed(desk.database, merchantId, wish.key)
  return known ? resume(desk, wish, known) : begin(desk, wish)
}

/** The first to come. */
async function begin(desk: Desk, wish: Wish): Promise<Reply> {
  const { order, key, requestHash } = wish
  const leave = await permitted(desk, order)
  const made = { ...order, key, requestHash, paymentId: uuid() }
  const payment = await reserve(desk.database, made, desk.times).catch(givingBack(leave))
  if (payment) return call(desk, wish, { payment, leave })
  leave.release()
  const known = await paymentNamed(desk.database, order.merchantId, key)
  if (!known) throw new Error(`The key of ${order.merchantId} is taken by no payment.`)
  return resume(desk, wish, known)
}

/** Somebody was here before. */
async function resume(desk: Desk, wish: Wish, payment: Payment): Promise<Reply> {
  expectSame(desk, wish, payment)
  if (payment.status !== 'READY') return finalAgain(desk, payment)
  if (payment.pendingCall === 'void') return unknownYet(desk, payment)
  if (payment.leaseMs > 0) throw refuseInProgress(desk, payment)
  const leave = await permitted(desk, wish.order)
  const mine = await takeOver(desk.database, payment, desk.times).catch(givingBack(leave))
  if (mine) return call(desk, wish, { payment: mine, leave })
  leave.release()
  throw refuseInProgress(desk, { ...payment, leaseMs: desk.times.leaseMs })
}

/** No database connection is held while the gateway thinks. */
async function call(
  desk: Desk,
  wish: Wish,
  { payment, leave }: { payment: Payment; leave: Leave },
): Promise<Reply> {
  const verdict = await leave.ask(payment)
  desk.events.heard(verdict.kind)
  const ended = await end(desk, wish, { payment, verdict })
  if (ended) return ended
  const stored = await paymentNamed(desk.database, payment.merchantId, payment.key)
  if (stored && stored.status !== 'READY') return finalAgain(desk, stored)
  return unknownYet(desk, payment)
}

/** Undefined: somebody else took over meanwhile, or nobody knows. */
async function end(
  desk: Desk,
  { origin }: Wish,
  { payment, verdict }: { payment: Payment; verdict: Verdict },
): Promise<Reply | undefined> {
  if (verdict.kind === 'unknown' || verdict.kind === 'none') {
    await postpone(desk.database, payment)
    return undefined
  }
  const answer = await finalise(desk, payment, { verdict, origin })
  return answer && replyOf(answer, false)
}

/** First the limit, then the breaker: neither leaves anything behind. */
async function permitted(desk: Desk, { merchantId }: Order): Promise<Leave> {
  await desk.limits('authorize', merchantId)
  return desk.gateway.admit('authorize')
}

const givingBack =
  (leave: Leave) =>
  (error: unknown): never => {
    leave.release()
    throw error
  }

async function finalAgain(desk: Desk, payment: Payment): Promise<Reply> {
  const { database, replays } = desk
  const kept = await keptAnswer(database, payment)
  const answer = kept ?? finalAnswer(payment, { requestId: '', traceId: '' })
  const { merchantId, key, requestHash } = payment
  await replays.keep(merchantId, key, { ...answer, requestHash })
  return again(desk, kept ? 'database' : 'payment', answer)
}

function again(
  { events }: Desk,
  from: 'redis' | 'database' | 'payment',
  answer: { status: number; body: string },
): Reply {
  events.replayed(from)
  return replyOf(answer, true)
}

function expectSame(
  { events }: Desk,
  { requestHash }: Wish,
  known: { readonly requestHash: string },
): void {
  if (known.requestHash === requestHash) return
  events.conflicted('other_body')
  throw otherBody()
}

function refuseInProgress({ events }: Desk, { leaseMs, paymentId }: Payment) {
  events.conflicted('in_progress')
  return inProgress(leaseMs, { paymentId })
}

const unknownYet = ({ times }: Desk, payment: Payment): Reply =>
  unknown(payment, Math.ceil(times.resolveMs / 1000), payment.paymentId)
