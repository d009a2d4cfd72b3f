import type { Mariadb, Queryable } from '../../kit/mariadb.ts'
import { once } from '../../kit/inbox.ts'
import type {
  CapturedEvent,
  CaptureFailedEvent,
  RefundedEvent,
  RefundFailedEvent,
} from '../topics.ts'
import type { Events } from './events.ts'
import type { Payment } from './payments.ts'
import type { RefundStatus, Status } from './states.ts'
import {
  countRefunded,
  endRefund,
  releaseRefund,
  reserveRefund,
  reviveRefund,
} from './refund-store.ts'
import { lockPayment, lookAfter, move, type Move } from './store.ts'

/** Who takes reports in, in the inbox. */
const consumer = 'payment'

/** What reports are taken in with. */
export interface Ears {
  readonly database: Mariadb
  readonly events: Events
  /** When what is still held after a capture that failed is let go: at once, or when nobody had it tried again. */
  readonly times: { readonly resolveMs: number; readonly voidAfterMs: number }
}

/** What workers report: each report has its effect once, and only where the payment’s state allows it. */
export function reports({ database, events, times }: Ears) {
  /** @param eventId the record's, so that a report that comes twice has one effect */
  const taken = async (
    eventId: string,
    paymentId: string,
    effect: (tx: Queryable, payment: Payment) => Promise<Effect>,
  ): Promise<void> => {
    const done = await database.transaction(async (tx): Promise<Effect> => {
      if (!(await once(tx, consumer, eventId))) return {}
      const payment = await lockPayment(tx, paymentId)
      if (!payment) throw new Error(`A report names the payment ${paymentId}, which nobody made.`)
      return effect(tx, payment)
    })
    if (done.moved) events.moved(done.moved, [done.moved.status])
    if (done.refund) events.refundMoved(done.refund, done.refund.status)
  }
  return {
    captured: (eventId: string, { paymentId, amount }: CapturedEvent) =>
      taken(eventId, paymentId, (tx, payment) =>
        changed(tx, payment, { from: capturable, to: ['CAPTURED'], captured: amount }),
      ),
    captureFailed: (eventId: string, { paymentId, code, isFinal }: CaptureFailedEvent) =>
      taken(eventId, paymentId, async (tx, payment) => {
        const lookAfterMs = isFinal === true ? times.resolveMs : times.voidAfterMs
        if (payment.status === 'CAPTURE_FAILED' && isFinal === true)
          await lookAfter(tx, payment, lookAfterMs)
        const to = ['CAPTURE_FAILED'] as const
        const wish = { from: ['CAPTURE_REQUESTED'], to, reason: code, lookAfterMs } as const
        return changed(tx, payment, wish)
      }),
    refunded: (eventId: string, { paymentId, refundId, amount }: RefundedEvent) =>
      taken(eventId, paymentId, async (tx, payment) => {
        const status = 'REFUNDED'
        const isSetAside = await endRefund(tx, refundId, { status })
        if (!isSetAside && !(await reviveRefund(tx, refundId))) return {}
        const version =
          payment.version + (isSetAside ? 0 : await setAsideAgain(tx, payment, amount))
        await countRefunded(tx, paymentId, amount)
        const isWhole = payment.refunded + amount === payment.captured
        const to = [isWhole ? 'REFUNDED' : 'PARTIAL_REFUNDED'] as const
        const moved = await changed(tx, { ...payment, version }, { from: refundable, to })
        return { ...moved, refund: { paymentId, refundId, status } }
      }),
    refundFailed: (eventId: string, { paymentId, refundId, amount, code }: RefundFailedEvent) =>
      taken(eventId, paymentId, async (tx) => {
        const status = 'REFUND_FAILED'
        if (!(await endRefund(tx, refundId, { status, failureCode: code }))) return {}
        await releaseRefund(tx, paymentId, amount)
        return { refund: { paymentId, refundId, status } }
      }),
  }
}

/** A refund that failed for now may succeed later; what was set aside for it is free since. @returns changes of version */
async function setAsideAgain(tx: Queryable, payment: Payment, amount: number): Promise<number> {
  if (await reserveRefund(tx, payment, amount)) return 1
  throw new Error(
    `${amount} of ${payment.paymentId} were given back, and are set aside for others.`,
  )
}

interface Effect {
  readonly moved?: Payment
  readonly refund?: {
    readonly paymentId: string
    readonly refundId: string
    readonly status: RefundStatus
  }
}

/** A capture that failed for now may succeed later. */
const capturable: readonly Status[] = ['CAPTURE_REQUESTED', 'CAPTURE_FAILED']
const refundable: readonly Status[] = ['CAPTURED', 'PARTIAL_REFUNDED']

async function changed(
  tx: Queryable,
  payment: Payment,
  { from, ...wish }: Move & { from: readonly Status[] },
): Promise<Effect> {
  const moved = from.includes(payment.status) ? await move(tx, payment, wish) : undefined
  return moved ? { moved } : {}
}
