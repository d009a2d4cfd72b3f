import { isUniqueViolation, statement, type Mariadb, type Queryable } from '../../kit/mariadb.ts'
import type { Deletion } from '../../kit/purge.ts'
import type { Order, Payment } from './payments.ts'
import type { Status } from './states.ts'

const columns = `payment_id as paymentId, merchant_id as merchantId, idempotency_key as \`key\`,
  request_hash as requestHash, amount, currency, capture, status, version, attempt, pending_call as pendingCall,
  greatest(coalesce(timestampdiff(microsecond, now(3), lease_until) div 1000, 0), 0) as leaseMs,
  timestampdiff(microsecond, requested_at, now(3)) div 1000 as ageMs, approval_number as approvalNumber,
  transaction_id as transactionId, failure_code as failureCode, captured, refund_reserved as refundReserved,
  refunded, requested_at as requestedAt, updated_at as updatedAt`

const inMs = 'now(3) + interval (1000 * ?) microsecond'
const free = '(lease_until is null or lease_until <= now(3))'

const statements = {
  named: statement(
    'payment_named',
    `select ${columns} from payment where merchant_id = ? and idempotency_key = ?`,
  ),
  find: statement('payment_find', `select ${columns} from payment where payment_id = ?`),
  lock: statement('payment_lock', `select ${columns} from payment where payment_id = ? for update`),
  page: statement(
    'payment_page',
    `select ${columns} from payment
     where (? is null or merchant_id = ?) and (? is null or payment_id < ?) and (? is null or status = ?)
       and (? is null or currency = ?) and (? is null or requested_at >= ?) and (? is null or requested_at < ?)
     order by payment_id desc limit ?`,
  ),
  reserve: statement(
    'payment_reserve',
    `insert into payment (payment_id, merchant_id, idempotency_key, request_hash, amount, currency, capture, status,
       pending_call, pending_since, lease_until, resolve_after)
     values (?, ?, ?, ?, ?, ?, ?, 'READY', 'authorize', now(3), ${inMs}, ${inMs}) returning ${columns}`,
  ),
  takeOver: statement(
    'payment_take_over',
    `update payment set attempt = attempt + 1, lease_until = ${inMs}, resolve_after = ${inMs}
     where payment_id = ? and version = ? and attempt = ? and pending_call = 'authorize' and ${free}`,
  ),
  beginVoid: statement(
    'payment_begin_void',
    `update payment set attempt = attempt + 1, lease_until = ${inMs}, resolve_after = ${inMs},
       pending_call = 'void', pending_since = now(3)
     where payment_id = ? and version = ? and attempt = ? and status = 'AUTHORIZED' and pending_call is null`,
  ),
  intendVoid: statement(
    'payment_intend_void',
    `update payment set pending_call = 'void'
     where payment_id = ? and version = ? and attempt = ? and pending_call = 'authorize'`,
  ),
  postpone: statement(
    'payment_postpone',
    `update payment set lease_until = null where payment_id = ? and version = ? and attempt = ?`,
  ),
  due: statement(
    'payment_due',
    `select ${columns} from payment force index (payment_due)
     where resolve_after <= now(3) and ${free} order by resolve_after limit ? for update skip locked`,
  ),
  claim: statement(
    'payment_claim',
    `update payment set attempt = attempt + 1, lease_until = ${inMs}, resolve_after = ${inMs},
       pending_since = coalesce(pending_since, now(3)), pending_call = coalesce(pending_call, 'void')
     where payment_id = ?`,
  ),
  move: statement(
    'payment_move',
    `update payment set status = ?, version = ?, pending_call = null, pending_since = null, lease_until = null,
       resolve_after = case when ? is not null then ${inMs} end,
       approval_number = coalesce(?, approval_number), transaction_id = coalesce(?, transaction_id),
       failure_code = coalesce(?, failure_code), captured = coalesce(?, captured)
     where payment_id = ? and version = ? and attempt = ?`,
  ),
  lookAfter: statement(
    'payment_look_after',
    `update payment set resolve_after = ${inMs} where payment_id = ? and version = ? and attempt = ?`,
  ),
  note: statement(
    'payment_note',
    `insert into payment_history (payment_id, version, status, reason) values (?, ?, ?, ?)`,
  ),
  history: statement(
    'payment_history',
    `select version, status, reason, at from payment_history where payment_id = ? order by version`,
  ),
  pending: statement(
    'payment_pending',
    `select count(pending_since) as count,
       coalesce(timestampdiff(microsecond, min(pending_since), now(3)), 0) / 1e6 as oldestSeconds
     from payment where pending_since is not null`,
  ),
  keep: statement(
    'response_keep',
    `insert into idem_response_cache (merchant_id, idempotency_key, http_status, response_body)
     values (?, ?, ?, ?)`,
  ),
  response: statement(
    'response_find',
    `select http_status as status, response_body as body from idem_response_cache
     where merchant_id = ? and idempotency_key = ?`,
  ),
  forget: statement(
    'response_forget',
    `delete from idem_response_cache where created_at < now(3) - interval ? day limit ?`,
  ),
}

/** For how long an attempt is alone with a payment, and when others look after it, in ms. */
export interface Times {
  readonly leaseMs: number
  readonly resolveMs: number
}

/** Which attempt at which version writes; in vain, if another one has. */
const fence = ({ paymentId, version, attempt }: Payment) => [paymentId, version, attempt]

/** The payment that a merchant has under a key. */
export const paymentNamed = async (
  db: Queryable,
  merchantId: string,
  key: string,
): Promise<Payment | undefined> => (await db.query<Payment>(statements.named, [merchantId, key]))[0]

export const paymentOf = async (db: Queryable, id: string): Promise<Payment | undefined> =>
  (await db.query<Payment>(statements.find, [id]))[0]

/** The same, locked until the transaction ends. */
export const lockPayment = async (tx: Queryable, id: string): Promise<Payment | undefined> =>
  (await tx.query<Payment>(statements.lock, [id]))[0]

/** Which payments; undefined fields do not narrow. */
export interface Filter {
  readonly merchantId: string | undefined
  readonly status?: Status | undefined
  readonly currency?: string | undefined
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

/** At most `size` payments before one, latest first. */
export function pageOfPayments(
  db: Queryable,
  { merchantId, status, currency, from, to }: Filter,
  { before, size }: { before: string | undefined; size: number },
): Promise<Payment[]> {
  const asked = [merchantId, before, status, currency, from, to]
  const values = asked.flatMap((value) => [value ?? null, value ?? null])
  return db.query<Payment>(statements.page, [...values, size])
}

/** Reserves a key for an order. Undefined: the merchant has used it. */
export async function reserve(
  db: Mariadb,
  wish: Order & Pick<Payment, 'paymentId' | 'key' | 'requestHash'>,
  { leaseMs, resolveMs }: Times,
): Promise<Payment | undefined> {
  const { paymentId, merchantId, key, requestHash, amount, currency, capture } = wish
  const values = [paymentId, merchantId, key, requestHash, amount, currency, capture]
  try {
    const [made] = await db.query<Payment>(statements.reserve, [...values, leaseMs, resolveMs])
    return made
  } catch (error) {
    if (isUniqueViolation(error, 'uk_idem')) return undefined
    throw error
  }
}

const overtaken =
  (wanted: typeof statements.takeOver) =>
  async (db: Queryable, payment: Payment, times: Times): Promise<Payment | undefined> => {
    const values = [times.leaseMs, times.resolveMs, ...fence(payment)]
    if ((await db.change(wanted, values)) === 0) return undefined
    return { ...payment, attempt: payment.attempt + 1 }
  }

/** Takes over an authorisation whose attempt has ended without a result. Undefined: somebody else did. */
export const takeOver = overtaken(statements.takeOver)

/** Decides to let go of an authorisation, for good. Undefined: its state does not allow it. */
export const beginVoid = overtaken(statements.beginVoid)

/** The same for one that nobody knows the end of: no retry can authorise it any more. */
export const intendVoid = async (db: Queryable, payment: Payment): Promise<boolean> =>
  (await db.change(statements.intendVoid, fence(payment))) === 1

/** Ends an attempt without a result. */
export const postpone = (db: Queryable, payment: Payment): Promise<number> =>
  db.change(statements.postpone, fence(payment))

/** Takes over at most `count` payments that somebody has to look at. @param after ms until the next look */
export const claimDue = (
  db: Mariadb,
  { count, leaseMs, after }: { count: number; leaseMs: number; after(payment: Payment): number },
): Promise<Payment[]> =>
  db.transaction(
    async (tx) => {
      const due = await tx.query<Payment>(statements.due, [count])
      for (const one of due) await tx.change(statements.claim, [leaseMs, after(one), one.paymentId])
      return due.map((one) => ({
        ...one,
        attempt: one.attempt + 1,
        pendingCall: one.pendingCall ?? 'void',
      }))
    },
    { isolation: 'read committed', quiet: true },
  )

/** A change of state. */
export interface Move {
  /** One state after another; each has a version. */
  readonly to: readonly [...Status[], Status]
  readonly reason?: string
  readonly approvalNumber?: string
  readonly transactionId?: string
  readonly captured?: number
  /** When somebody has to look at it again; nobody by default. */
  readonly lookAfterMs?: number
}

/** Moves a payment and writes its history. Undefined: this attempt was overtaken. */
export async function move(
  tx: Queryable,
  payment: Payment,
  { to, reason, approvalNumber, transactionId, captured, lookAfterMs }: Move,
): Promise<Payment | undefined> {
  const status = to.at(-1) ?? payment.status
  const version = payment.version + to.length
  const look = [lookAfterMs ?? null, lookAfterMs ?? null]
  const said = [approvalNumber ?? null, transactionId ?? null, reason ?? null, captured ?? null]
  const values = [status, version, ...look, ...said, ...fence(payment)]
  if ((await tx.change(statements.move, values)) === 0) return undefined
  for (const [at, one] of to.entries())
    await tx.change(statements.note, [
      payment.paymentId,
      payment.version + at + 1,
      one,
      reason ?? null,
    ])
  return {
    ...payment,
    ...{ status, version, pendingCall: null },
    approvalNumber: approvalNumber ?? payment.approvalNumber,
    transactionId: transactionId ?? payment.transactionId,
    failureCode: reason ?? payment.failureCode,
    captured: captured ?? payment.captured,
  }
}

/** Has somebody look at a payment after that time, and not before. */
export const lookAfter = (tx: Queryable, payment: Payment, ms: number): Promise<number> =>
  tx.change(statements.lookAfter, [ms, ...fence(payment)])

/** A state that a payment came into. */
export interface Entry {
  readonly version: number
  readonly status: Status
  readonly reason: string | null
  readonly at: Date
}

/** Every state of a payment after READY, in order. */
export const historyOf = (db: Queryable, id: string): Promise<Entry[]> =>
  db.query(statements.history, [id])

/** How many payments wait for the gateway’s word, and for how long the oldest has. */
export const pendingPayments = async (db: Queryable) =>
  (await db.query<{ count: number; oldestSeconds: number }>(statements.pending))[0]

/** A final answer as it was given. */
export interface Answer {
  readonly status: number
  readonly body: string
}

export const keepAnswer = (
  tx: Queryable,
  { merchantId, key }: Payment,
  { status, body }: Answer,
): Promise<number> => tx.change(statements.keep, [merchantId, key, status, body])

export const keptAnswer = async (
  db: Queryable,
  { merchantId, key }: Payment,
): Promise<Answer | undefined> =>
  (await db.query<Answer>(statements.response, [merchantId, key]))[0]

/** Deletes answers that are older than `days` days; they can be made again from their payments. */
export const answerPurge = (days: number): Deletion => ({
  statement: statements.forget,
  values: [days],
  limit: 1000,
})
