import { statement, type Queryable } from '../../kit/mariadb.ts'
import type { BusinessDate } from './business-day.ts'

const columns = `batch_id as batchId, business_date as businessDate, merchant_id as merchantId, currency, captured,
  refunded, net, postings, closed_at as closedAt`

const statements = {
  firstDay: statement(
    'batch_first_day',
    `select (select max(business_date) + interval 1 day from closed_day) as next,
       (select min(posted_at) from inclusion where batch_id is null) as oldest`,
  ),
  open: statement(
    'batch_open',
    `select distinct merchant_id as merchantId, currency from inclusion
     where batch_id is null and posted_at < ? and not exists (
       select 1 from settlement_batch batch
       where batch.business_date = ? and batch.merchant_id = inclusion.merchant_id
         and batch.currency = inclusion.currency)
     order by merchant_id, currency`,
  ),
  lock: statement(
    'batch_lock',
    `select count(*) as postings from inclusion force index (open_inclusions)
     where batch_id is null and merchant_id = ? and currency = ? and posted_at < ? for update`,
  ),
  sums: statement(
    'batch_sums',
    `select count(*) as postings,
       cast(coalesce(sum(case when side = 'debit' then amount end), 0) as signed) as captured,
       cast(coalesce(sum(case when side = 'credit' then amount end), 0) as signed) as refunded
     from inclusion force index (open_inclusions)
     left join ledger_entry entry on entry.entry_id = inclusion.entry_id and account = 'merchant_receivable'
     where batch_id is null and inclusion.merchant_id = ? and inclusion.currency = ?
       and inclusion.posted_at < ?`,
  ),
  close: statement(
    'batch_close',
    `insert into settlement_batch (business_date, merchant_id, currency, captured, refunded, net, postings)
     values (?, ?, ?, ?, ?, ?, ?) returning ${columns}`,
  ),
  include: statement(
    'batch_include',
    `update inclusion force index (open_inclusions) set batch_id = ?
     where batch_id is null and merchant_id = ? and currency = ? and posted_at < ?`,
  ),
  // To change the row that is there it would need a right that it does not have.
  closeDay: statement(
    'batch_close_day',
    `insert ignore into closed_day (business_date) values (?)`,
  ),
  page: statement(
    'batch_page',
    `select ${columns} from settlement_batch
     where batch_id < ? and (? is null or merchant_id = ?) and (? is null or business_date = ?)
     order by batch_id desc limit ?`,
  ),
}

/** What a merchant has in a currency. */
export interface Holding {
  readonly merchantId: string
  readonly currency: string
}

/** What was closed of a holding on a day; sums in minor units. */
export interface Batch extends Holding {
  readonly batchId: number
  readonly businessDate: BusinessDate
  readonly captured: number
  readonly refunded: number
  /** Captured less refunded. */
  readonly net: number
  readonly postings: number
  readonly closedAt: Date
}

/** Where closing goes on: the day after the last one that was closed, and the oldest posting that is in no batch. */
export async function openSince(
  db: Queryable,
): Promise<{ next: BusinessDate | null; oldest: Date | null }> {
  const [row] = await db.query<{ next: BusinessDate | null; oldest: Date | null }>(
    statements.firstDay,
  )
  return row ?? { next: null, oldest: null }
}

/** Holdings with postings before a time that are in no batch, and have none of that day. */
export const openHoldings = (
  db: Queryable,
  { date, before }: { date: BusinessDate; before: Date },
): Promise<Holding[]> => db.query(statements.open, [before, date])

/** Makes the batch of a holding. Undefined: somebody else did. @throws Error when postings came in between */
export async function closeBatch(
  tx: Queryable,
  { merchantId, currency }: Holding,
  { date, before }: { date: BusinessDate; before: Date },
): Promise<Batch | undefined> {
  const open = [merchantId, currency, before]
  const [locked] = await tx.query<{ postings: number }>(statements.lock, open)
  if (!locked || locked.postings === 0) return undefined
  const [sums] = await tx.query<Pick<Batch, 'postings' | 'captured' | 'refunded'>>(
    statements.sums,
    open,
  )
  const { captured = 0, refunded = 0, postings = 0 } = sums ?? {}
  const values = [date, merchantId, currency, captured, refunded, captured - refunded, postings]
  const [batch] = await tx.query<Batch>(statements.close, values)
  if (!batch) throw new Error(`The batch of ${merchantId} on ${date} was not written.`)
  const included = await tx.change(statements.include, [batch.batchId, ...open])
  if (included !== locked.postings || included !== postings)
    throw new Error(`The postings of ${merchantId} changed while ${date} was closed.`)
  return batch
}

export const closeDay = (db: Queryable, date: BusinessDate): Promise<number> =>
  db.change(statements.closeDay, [date])

/** Which batches; undefined fields do not narrow. */
export interface BatchFilter {
  readonly merchantId: string | undefined
  readonly date: BusinessDate | undefined
}

/** At most `size` batches before one, latest first. */
export function pageOfBatches(
  db: Queryable,
  { merchantId, date }: BatchFilter,
  { before, size }: { before: number; size: number },
): Promise<Batch[]> {
  const asked = [merchantId ?? null, merchantId ?? null, date ?? null, date ?? null]
  return db.query(statements.page, [before, ...asked, size])
}
