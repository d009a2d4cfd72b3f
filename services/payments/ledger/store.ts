import { statement, type Queryable } from '../../kit/mariadb.ts'
import { postingsOf, type Account, type Fact, type Posting } from './postings.ts'

const columns = `entry_id as entryId, entry_type as type, business_id as businessId, side, account,
  payment_id as paymentId, merchant_id as merchantId, amount, currency, occurred_at as occurredAt,
  posted_at as postedAt`

const statements = {
  post: statement(
    'ledger_post',
    `insert into ledger_entry (entry_type, business_id, side, account, payment_id, merchant_id, amount, currency,
       occurred_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  await: statement(
    'ledger_await_batch',
    `insert into inclusion (entry_id, merchant_id, currency, posted_at)
     select entry_id, merchant_id, currency, posted_at from ledger_entry
     where entry_type = ? and business_id = ?`,
  ),
  posted: statement(
    'ledger_posted',
    `select ${columns} from ledger_entry where entry_type = ? and business_id = ?`,
  ),
  ofPayment: statement(
    'ledger_of_payment',
    `select ${columns} from ledger_entry
     where payment_id = ? and entry_id > ? and (? is null or merchant_id = ?) order by entry_id limit ?`,
  ),
  ofMerchant: statement(
    'ledger_of_merchant',
    `select ${columns} from ledger_entry where merchant_id = ? and entry_id > ? order by entry_id limit ?`,
  ),
  ofAll: statement(
    'ledger_of_all',
    `select ${columns} from ledger_entry where entry_id > ? order by entry_id limit ?`,
  ),
  balances: statement(
    'ledger_balances',
    `select account, currency,
       cast(sum(case side when 'debit' then amount else 0 end) as signed) as debits,
       cast(sum(case side when 'credit' then amount else 0 end) as signed) as credits
     from ledger_entry force index (balances) where ? is null or merchant_id = ?
     group by currency, account order by currency, account`,
  ),
}

/** A row of the books with its number and the time at which it was written. */
export interface Entry extends Posting {
  readonly entryId: number
  readonly postedAt: Date
}

/** Writes both sides of a fact, in no batch yet. @throws the unique key's error where one of them is there */
export async function post(tx: Queryable, fact: Fact): Promise<void> {
  const values = postingsOf(fact).flatMap(
    ({ type, businessId, side, account, paymentId, merchantId, ...one }) => [
      ...[type, businessId, side, account, paymentId, merchantId],
      ...[one.amount, one.currency, one.occurredAt],
    ],
  )
  await tx.change(statements.post, values)
  await tx.change(statements.await, [fact.type, fact.businessId])
}

/** What the books hold of a fact. */
export const postedOf = (
  db: Queryable,
  { type, businessId }: Pick<Fact, 'type' | 'businessId'>,
): Promise<Entry[]> => db.query(statements.posted, [type, businessId])

/** Whose entries; undefined fields do not narrow. */
export interface EntryFilter {
  readonly paymentId: string | undefined
  readonly merchantId: string | undefined
}

/** At most `size` entries after one, in the order in which they were written. */
export function pageOfEntries(
  db: Queryable,
  { paymentId, merchantId }: EntryFilter,
  { after, size }: { after: number; size: number },
): Promise<Entry[]> {
  const merchant = merchantId ?? null
  if (paymentId !== undefined)
    return db.query(statements.ofPayment, [paymentId, after, merchant, merchant, size])
  if (merchantId !== undefined) return db.query(statements.ofMerchant, [merchantId, after, size])
  return db.query(statements.ofAll, [after, size])
}

/** Sums of one account in one currency, minor units. */
export interface Balance {
  readonly account: Account
  readonly currency: string
  readonly debits: number
  readonly credits: number
}

/** @param merchantId everybody’s where undefined */
export const balancesOf = (db: Queryable, merchantId: string | undefined): Promise<Balance[]> =>
  db.query(statements.balances, [merchantId ?? null, merchantId ?? null])
