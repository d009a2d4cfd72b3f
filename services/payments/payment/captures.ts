import { setTimeout as delay } from 'node:timers/promises'
import type { Mariadb } from '../../kit/mariadb.ts'
import { Problem } from '../../kit/problem.ts'
import type { Events } from './events.ts'
import { seen } from './merchants.ts'
import { requestCapture } from './outcomes.ts'
import type { Payment } from './payments.ts'
import { lockPayment, move, paymentOf } from './store.ts'

/**
 * Asks for the capture of a payment; whoever settles does it. Who asks again changes nothing.
 * @throws Problem 404, and 409 `CAPTURE_CONFLICT` where its state does not allow it
 */
export async function capture(
  { database, events }: { database: Mariadb; events: Events },
  { paymentId, merchantId }: { paymentId: string; merchantId: string },
): Promise<Payment> {
  const to = ['CAPTURE_REQUESTED'] as const
  const { payment, isNew } = await database.transaction(async (tx) => {
    const payment = seen(await lockPayment(tx, paymentId), paymentId, merchantId)
    if (payment.status !== 'AUTHORIZED' || payment.pendingCall === 'void')
      return { payment, isNew: false }
    const moved = await move(tx, payment, { to })
    if (!moved) throw new Error(`${paymentId} changed although its row was locked.`)
    await requestCapture(tx, moved)
    return { payment: moved, isNew: true }
  })
  if (isNew) events.moved(payment, to)
  if (payment.status !== 'CAPTURE_REQUESTED' && payment.status !== 'CAPTURED')
    throw conflict(payment)
  return payment
}

/** Twice as often nobody would wait less; the row is read by its key. */
const lookEveryMs = 100

/** The payment as soon as it is captured, at the latest after `ms`. */
export async function captured(
  database: Mariadb,
  payment: Payment,
  { ms, signal }: { ms: number; signal: AbortSignal },
): Promise<Payment> {
  const end = performance.now() + ms
  let now = payment
  while (now.status === 'CAPTURE_REQUESTED' && performance.now() < end && !signal.aborted) {
    await delay(lookEveryMs, undefined, { signal }).catch(() => undefined)
    now = (await paymentOf(database, payment.paymentId)) ?? now
  }
  return now
}

const conflict = ({ paymentId, status }: Payment): Problem =>
  new Problem(409, 'CAPTURE_CONFLICT', `A payment that is ${status} cannot be captured.`, {
    members: { paymentId, status },
  })
