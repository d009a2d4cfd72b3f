import { statement, type Queryable } from '../../kit/mariadb.ts'
import type { Payment } from './payments.ts'
import type { RefundStatus } from './states.ts'

/** A refund’s row. */
export interface Refund {
  readonly refundId: string
  readonly paymentId: string
  readonly key: string
  readonly amount: number
  readonly reason: string
  readonly status: RefundStatus
  readonly failureCode: string | null
  readonly requestedAt: Date
}

const columns = `refund_id as refundId, payment_id as paymentId, idempotency_key as \`key\`, amount, reason, status,
  failure_code as failureCode, requested_at as requestedAt`

const statements = {
  named: statement(
    'refund_named',
    `select ${columns} from refund where payment_id = ? and idempotency_key = ?`,
  ),
  ofPayment: statement(
    'refunds_of_payment',
    `select ${columns} from refund where payment_id = ? order by refund_id`,
  ),
  add: statement(
    'refund_add',
    `insert into refund (refund_id, payment_id, idempotency_key, amount, reason, status)
     values (?, ?, ?, ?, ?, 'REFUND_REQUESTED') returning ${columns}`,
  ),
  reserve: statement(
    'refund_reserve',
    `update payment set refund_reserved = refund_reserved + ?, version = version + 1
     where payment_id = ? and refund_reserved + ? <= captured`,
  ),
  end: statement(
    'refund_end',
    `update refund set status = ?, failure_code = ? where refund_id = ? and status = 'REFUND_REQUESTED'`,
  ),
  revive: statement(
    'refund_revive',
    `update refund set status = 'REFUNDED', failure_code = null where refund_id = ? and status = 'REFUND_FAILED'`,
  ),
  release: statement(
    'refund_release',
    `update payment set refund_reserved = refund_reserved - ?, version = version + 1 where payment_id = ?`,
  ),
  count: statement(
    'refund_count',
    `update payment set refunded = refunded + ? where payment_id = ?`,
  ),
}

export const refundNamed = async (
  db: Queryable,
  paymentId: string,
  key: string,
): Promise<Refund | undefined> => (await db.query<Refund>(statements.named, [paymentId, key]))[0]

/** All refunds of a payment, in the order in which they were asked for. */
export const refundsOf = (db: Queryable, paymentId: string): Promise<Refund[]> =>
  db.query(statements.ofPayment, [paymentId])

export async function addRefund(
  tx: Queryable,
  {
    refundId,
    paymentId,
    key,
    amount,
    reason,
  }: Omit<Refund, 'status' | 'failureCode' | 'requestedAt'>,
): Promise<Refund> {
  const values = [refundId, paymentId, key, amount, reason]
  const [made] = await tx.query<Refund>(statements.add, values)
  if (!made) throw new Error(`The refund ${refundId} was not written.`)
  return made
}

/** Sets an amount aside. False: that much is not left. */
export const reserveRefund = async (
  tx: Queryable,
  { paymentId }: Payment,
  amount: number,
): Promise<boolean> => (await tx.change(statements.reserve, [amount, paymentId, amount])) === 1

/** Ends a refund that was asked for. False: it had ended. */
export const endRefund = async (
  tx: Queryable,
  refundId: string,
  { status, failureCode = null }: { status: RefundStatus; failureCode?: string | null },
): Promise<boolean> => (await tx.change(statements.end, [status, failureCode, refundId])) === 1

/** Ends a refund well that had failed, because somebody had it tried again. False: it had not failed. */
export const reviveRefund = async (tx: Queryable, refundId: string): Promise<boolean> =>
  (await tx.change(statements.revive, [refundId])) === 1

/** Gives back what was set aside for a refund that will not be. */
export const releaseRefund = (tx: Queryable, paymentId: string, amount: number): Promise<number> =>
  tx.change(statements.release, [amount, paymentId])

/** Counts a refund that was given back. */
export const countRefunded = (tx: Queryable, paymentId: string, amount: number): Promise<number> =>
  tx.change(statements.count, [amount, paymentId])
