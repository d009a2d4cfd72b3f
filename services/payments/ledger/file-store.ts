import { statement, type Mariadb, type Queryable } from '../../kit/mariadb.ts'
import { businessIdOf } from './gateway-keys.ts'
import type { Known, Matched, Operation } from './matching.ts'
import type { Result } from './results.ts'

const told = `json_table(?, '$[*]' columns (type varchar(16) path '$.type', id varchar(128) path '$.id')) told`

const statements = {
  add: statement(
    'file_add',
    `insert into gateway_file (hash, subject, client_id) values (?, ?, ?) returning file_id as fileId`,
  ),
  named: statement('file_named', `select file_id as fileId from gateway_file where hash = ?`),
  page: statement(
    'file_page',
    `select file.file_id as fileId, file.subject, file.uploaded_at as uploadedAt, result, count(row_id) as count
     from (select * from gateway_file where file_id < ? order by file_id desc limit ?) file
     left join gateway_file_row using (file_id)
     group by file.file_id, file.subject, file.uploaded_at, result order by file.file_id desc`,
  ),
  reported: statement(
    'file_reported',
    `select distinct type, op_key as id from ${told} join gateway_file_row row using (type)
     where row.op_key = told.id and row.line > 0`,
  ),
  booked: statement(
    'file_booked',
    `select entry_type as type, business_id as id, min(amount) as amount, min(currency) as currency
     from ${told} join ledger_entry on entry_type = told.type and business_id = told.id
     group by entry_type, business_id`,
  ),
  payments: statement(
    'file_payments',
    `select 'capture' as type, payment_id as id, captured > 0 as isSettled
     from ${told} join payment on payment_id = told.id where told.type = 'capture'`,
  ),
  refunds: statement(
    'file_refunds',
    `select 'refund' as type, refund_id as id, status = 'REFUNDED' as isSettled
     from ${told} join refund on refund_id = told.id where told.type = 'refund'`,
  ),
  addRows: statement(
    'file_add_rows',
    `insert into gateway_file_row (file_id, line, gateway_id, op_key, type, amount, currency, occurred_at, result,
       booked_amount, booked_currency)
     select ?, line, gateway_id, op_key, type, amount, currency, cast(occurred_at as datetime(3)), result,
       booked_amount, booked_currency
     from json_table(?, '$[*]' columns (
       line integer path '$.line', gateway_id varchar(64) path '$.gatewayId', op_key varchar(128) path '$.key',
       type varchar(16) path '$.type', amount bigint path '$.amount', currency varchar(3) path '$.currency',
       occurred_at varchar(32) path '$.occurredAt', result varchar(24) path '$.result',
       booked_amount bigint path '$.bookedAmount', booked_currency varchar(3) path '$.bookedCurrency')) found`,
  ),
  // A posting whose operation no file has, in the time that this file is about.
  addMissing: statement(
    'file_add_missing',
    `insert into gateway_file_row (file_id, line, op_key, type, amount, currency, occurred_at, result, booked_amount,
       booked_currency)
     select file.file_id, 0, concat(business_id, case entry_type when 'capture' then ':capture' else '' end), entry_type,
       entry.amount, entry.currency, entry.occurred_at, 'missing_in_gateway', entry.amount, entry.currency
     from (select file_id, min(occurred_at) as first, max(occurred_at) as last from gateway_file_row
           where file_id = ? group by file_id) file
     join ledger_entry entry on entry.side = 'debit' and entry.occurred_at between file.first and file.last
     where not exists (
       select 1 from gateway_file_row row
       where row.type = entry_type and row.line > 0
         and row.op_key = concat(business_id, case entry_type when 'capture' then ':capture' else '' end))`,
  ),
  rows: statement(
    'file_rows',
    `select row_id as rowId, line, gateway_id as gatewayId, op_key as \`key\`, type, amount, currency,
       occurred_at as occurredAt, result, booked_amount as bookedAmount, booked_currency as bookedCurrency
     from gateway_file_row
     where file_id = ? and row_id > ? and case when ? is null then result <> 'matched' else result = ? end
     order by row_id limit ?`,
  ),
}

/** Starts a file. @throws the unique key's error `file_once` where the same was taken before */
export async function addFile(
  tx: Queryable,
  { hash, subject, clientId }: { hash: string; subject: string; clientId: string },
): Promise<number> {
  const [row] = await tx.query<{ fileId: number }>(statements.add, [hash, subject, clientId])
  if (!row) throw new Error('The file was not written.')
  return row.fileId
}

/** The number of a file that was taken. */
export const fileNamed = async (db: Queryable, hash: string): Promise<number | undefined> =>
  (await db.query<{ fileId: number }>(statements.named, [hash]))[0]?.fileId

/** What books, payments and earlier files know of some operations. */
export async function knownOf(
  tx: Queryable,
  payments: Mariadb,
  operations: readonly Operation[],
): Promise<Known> {
  const named = operations.map(({ type, key }) => ({ type, id: businessIdOf(type, key) }))
  const ids = JSON.stringify(named)
  const keys = JSON.stringify(operations.map(({ type, key }) => ({ type, id: key })))
  const reported = await tx.query<Named>(statements.reported, [keys])
  const booked = await tx.query<Named & Booking>(statements.booked, [ids])
  const [captures, refunds] = await Promise.all([
    payments.query<Named & Standing>(statements.payments, [ids]),
    payments.query<Named & Standing>(statements.refunds, [ids]),
  ])
  const isReported = new Set(reported.map(nameOf))
  const bookings = new Map(booked.map((one) => [nameOf(one), one]))
  const standings = new Map([...captures, ...refunds].map((one) => [nameOf(one), one]))
  const idOf = ({ type, key }: Operation) => nameOf({ type, id: businessIdOf(type, key) })
  return {
    isReported: ({ type, key }) => isReported.has(nameOf({ type, id: key })),
    booked: (one) => bookings.get(idOf(one)),
    isSettled: (one) => {
      const found = standings.get(idOf(one))
      return found && Boolean(found.isSettled)
    },
  }
}

interface Named {
  readonly type: string
  readonly id: string
}
interface Booking {
  readonly amount: number
  readonly currency: string
}
interface Standing {
  readonly isSettled: boolean | number
}

const nameOf = ({ type, id }: Named): string => `${type} ${id}`

/** Writes rows of a file with their results. */
export const addRows = (tx: Queryable, fileId: number, rows: readonly Matched[]): Promise<number> =>
  tx.change(statements.addRows, [fileId, JSON.stringify(rows.map(storedRow))])

const storedRow = ({ occurredAt, ...row }: Matched) => ({
  ...row,
  occurredAt: occurredAt.toISOString().replace('T', ' ').slice(0, -1),
})

/** Writes what the books have of the file’s time and no file has. */
export const addMissing = (tx: Queryable, fileId: number): Promise<number> =>
  tx.change(statements.addMissing, [fileId])

/** A file with how many of its rows came to each result. */
export interface TakenFile {
  readonly fileId: number
  readonly subject: string
  readonly uploadedAt: Date
  readonly counts: Readonly<Partial<Record<Result, number>>>
}

/** At most `size` files before one, latest first. */
export async function pageOfFiles(
  db: Queryable,
  { before, size }: { before: number; size: number },
): Promise<readonly TakenFile[]> {
  type Row = Omit<TakenFile, 'counts'> & { readonly result: Result | null; readonly count: number }
  const rows = await db.query<Row>(statements.page, [before, size])
  const files = new Map<number, TakenFile>()
  for (const { result, count, ...file } of rows) {
    const counts = { ...files.get(file.fileId)?.counts, ...(result && { [result]: count }) }
    files.set(file.fileId, { ...file, counts })
  }
  return [...files.values()]
}

/** A row as it was kept; line 0 stands in no file. */
export interface FileRow extends Omit<Matched, 'gatewayId'> {
  readonly rowId: number
  readonly gatewayId: string | null
}

/** At most `size` rows of a file after one. @param result all that are not matched where undefined */
export const rowsOf = (
  db: Queryable,
  { fileId, result }: { fileId: number; result: Result | undefined },
  { after, size }: { after: number; size: number },
): Promise<FileRow[]> =>
  db.query(statements.rows, [fileId, after, result ?? null, result ?? null, size])
