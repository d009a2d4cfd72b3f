import { v7 as uuid } from 'uuid'
import type { Mariadb } from '../../kit/mariadb.ts'
import { Problem } from '../../kit/problem.ts'
import { report } from '../kit/reports.ts'
import { refundRequested } from '../topics.ts'
import type { Events } from './events.ts'
import { otherBody } from './idempotency.ts'
import { seen } from './merchants.ts'
import { factOf, type Payment } from './payments.ts'
import { addRefund, refundNamed, reserveRefund, type Refund } from './refund-store.ts'
import { lockPayment } from './store.ts'

/** What is to be given back. */
export interface RefundWish {
  readonly paymentId: string
  readonly merchantId: string
  readonly reason: string
  /** A part, under a key of its own; all that is left by default. */
  readonly part?: { readonly amount: number; readonly key: string } | undefined
}

/** Key of the one refund of everything that is left. */
export const wholeKey = 'full'

/**
 * Reserves a refund and asks for it: row, reservation and event, all or none.
 * @throws Problem 404; 409 `REFUND_CONFLICT` where nothing is left or nothing was captured; 422 for more than is left,
 *   and for a key that stands for another amount
 */
export async function refund(
  { database, events }: { database: Mariadb; events: Events },
  wish: RefundWish,
): Promise<{ payment: Payment; refund: Refund; again: boolean }> {
  const made = await database.transaction(async (tx) => {
    const payment = seen(await lockPayment(tx, wish.paymentId), wish.paymentId, wish.merchantId)
    const key = wish.part?.key ?? wholeKey
    const known = await refundNamed(tx, payment.paymentId, key)
    if (known) return { payment, refund: expectSame(known, wish), again: true }
    const amount = refundable(payment, wish.part?.amount)
    const { paymentId } = payment
    const fresh = { refundId: uuid(), paymentId, key, amount, reason: wish.reason }
    if (!(await reserveRefund(tx, payment, amount))) throw exceeded(payment, amount)
    const value = {
      ...{ ...factOf(payment, payment.version + 1), amount, refundId: fresh.refundId },
      ...({ status: 'REFUND_REQUESTED', reason: wish.reason } as const),
    }
    await report(tx, refundRequested, value)
    return { payment, refund: await addRefund(tx, fresh), again: false }
  })
  const { paymentId, refundId } = made.refund
  if (!made.again) events.refundMoved({ paymentId, refundId }, 'REFUND_REQUESTED')
  return made
}

/** What is given back. @throws Problem 409 or 422 */
function refundable(payment: Payment, asked: number | undefined): number {
  const isCaptured = payment.status === 'CAPTURED' || payment.status === 'PARTIAL_REFUNDED'
  const left = payment.captured - payment.refundReserved
  if (!isCaptured) throw conflict(payment, 'Only captured payments can be refunded.')
  if (asked !== undefined && asked > left) throw exceeded(payment, asked)
  if (left === 0) throw conflict(payment, 'Nothing is left to be refunded.')
  return asked ?? left
}

function expectSame(known: Refund, { part, reason }: RefundWish): Refund {
  const sameAmount = part === undefined || part.amount === known.amount
  if (sameAmount && reason === known.reason) return known
  throw otherBody()
}

const conflict = ({ paymentId, status }: Payment, detail: string): Problem =>
  new Problem(409, 'REFUND_CONFLICT', detail, { members: { paymentId, status } })

const exceeded = ({ paymentId, captured, refundReserved }: Payment, amount: number): Problem =>
  new Problem(422, 'REFUND_EXCEEDS', `${amount} exceeds what is left to be refunded.`, {
    members: { paymentId, left: captured - refundReserved },
    errors: [
      {
        field: 'body.amount',
        message: `exceeds the ${captured - refundReserved} that are left`,
        rejectedValue: amount,
      },
    ],
  })
