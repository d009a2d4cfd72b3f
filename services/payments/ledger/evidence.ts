import { statement, type Mariadb, type Queryable } from '../../kit/mariadb.ts'
import type { Statement } from '../../kit/sql.ts'
import { businessIdOf, keyOf } from './gateway-keys.ts'
import { accounts, type EntryType } from './postings.ts'

/** What one place says of a capture or a refund. */
export interface Evidence {
  /** The gateway’s name of it, by which all are ordered. */
  readonly key: string
  readonly id: string
  /** Null where the place does not say. */
  readonly paymentId: string | null
  readonly merchantId: string | null
  /** Minor units. */
  readonly amount: number
  readonly currency: string
  /** When this was last changed. */
  readonly at: Date
}

/** What the books say: sums of both sides. */
export interface Booked extends Evidence {
  readonly debit: number
  readonly credit: number
  /** Two postings, in the right accounts, that agree on whose and what money it is. */
  readonly isWhole: boolean
}

/** What the payment API says. */
export interface Paid extends Evidence {
  /** False: it has been asked for, and nobody knows its end. */
  readonly isSettled: boolean
}

/** What the gateway’s log says. */
export interface Charged extends Evidence {
  /** How often it was approved; once, unless something is very wrong. */
  readonly times: number
}

/** The places that reconciliation looks into: the own books, and others’ with a reader’s rights. */
export interface Places {
  readonly books: Mariadb
  readonly payments: Mariadb
  readonly gateway: Mariadb
  /** Outboxes of all who tell events of payments. */
  readonly outboxes: readonly Mariadb[]
}

const statements = {
  books: statement(
    'evidence_books',
    `select business_id as id, min(payment_id) as paymentId, min(merchant_id) as merchantId,
       cast(sum(case side when 'debit' then amount else 0 end) as signed) as debit,
       cast(sum(case side when 'credit' then amount else 0 end) as signed) as credit,
       min(currency) as currency, max(posted_at) as at,
       count(*) = 2 and sum((side = 'debit') = (account = ?)) = 2
         and min(amount) = max(amount) and min(currency) = max(currency)
         and min(payment_id) = max(payment_id) and min(merchant_id) = max(merchant_id) as isWhole
     from ledger_entry force index (posted_once)
     where entry_type = ? and business_id > ? group by business_id order by business_id limit ?`,
  ),
  captures: statement(
    'evidence_captures',
    `select payment_id as id, payment_id as paymentId, merchant_id as merchantId, currency, updated_at as at,
       case when captured > 0 then captured else amount end as amount, captured > 0 as isSettled
     from payment
     where payment_id > ? and (captured > 0 or status in ('READY', 'CAPTURE_REQUESTED'))
     order by payment_id limit ?`,
  ),
  refunds: statement(
    'evidence_refunds',
    `select refund_id as id, payment_id as paymentId, merchant_id as merchantId, currency, refund.updated_at as at,
       refund.amount, refund.status = 'REFUNDED' as isSettled
     from refund join payment using (payment_id)
     where refund_id > ? and refund.status <> 'REFUND_FAILED' order by refund_id limit ?`,
  ),
  charges: statement(
    'evidence_charges',
    `select op_key as id, cast(sum(amount) as signed) as amount, min(currency) as currency, max(at) as at,
       count(*) as times
     from call_log force index (call_log_key)
     where type = ? and op_key > ? and outcome = 'approved' group by op_key order by op_key limit ?`,
  ),
}

type Row<E extends Evidence> = Omit<E, 'key'>

/** The books, in the order of keys. */
export function booked({ books }: Places, type: EntryType): AsyncGenerator<Booked> {
  const values = (after: string) => [accounts[type].debit, type, after]
  return paged<Row<Booked>, Booked>(books, { read: statements.books, values }, (row) => ({
    ...row,
    key: keyOf(type, row.id),
    amount: Math.max(row.debit, row.credit),
    isWhole: Boolean(row.isWhole),
  }))
}

/** Captures or refunds as the payment API knows them, in the order of keys. */
export function paid({ payments }: Places, type: EntryType): AsyncGenerator<Paid> {
  const read = type === 'capture' ? statements.captures : statements.refunds
  const values = (after: string) => [after]
  return paged<Row<Paid>, Paid>(payments, { read, values }, (row) => ({
    ...row,
    key: keyOf(type, row.id),
    isSettled: Boolean(row.isSettled),
  }))
}

/** What the gateway took or gave back, in the order of keys. */
export function charged({ gateway }: Places, type: EntryType): AsyncGenerator<Charged> {
  const values = (after: string) => [type, after]
  return paged<Row<Charged>, Charged>(gateway, { read: statements.charges, values }, (row) => ({
    ...row,
    key: row.id,
    id: businessIdOf(type, row.id),
    ...{ paymentId: null, merchantId: null },
  }))
}

const pageSize = 1000

/** Rows page by page: no statement runs for long, and no transaction stays open. */
async function* paged<R extends { readonly id: string }, E>(
  db: Queryable,
  { read, values }: { read: Statement; values(after: string): readonly unknown[] },
  evidenceOf: (row: R) => E,
): AsyncGenerator<E> {
  for (let after = ''; ;) {
    const rows = await db.query<R>(read, [...values(after), pageSize])
    for (const row of rows) yield evidenceOf(row)
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageSize) return
    after = last.id
  }
}
