import { statement, type Queryable } from '../../kit/mariadb.ts'

export type OperationType = 'authorize' | 'capture' | 'refund'

/** What was decided about a key. */
export interface Operation {
  readonly key: string
  readonly type: OperationType
  /** The authorisation of a capture, the capture of a refund. */
  readonly baseKey: string | null
  readonly merchantId: string | null
  readonly amount: number | null
  readonly currency: string | null
  readonly result: 'approved' | 'declined' | 'voided'
  readonly code: string
  readonly approvalNumber: string | null
  readonly transactionId: string | null
  readonly at: Date
}

/** What came of a call. `tombstone`: a void came before what it voids. `refused`: the key stands for something else. */
export type Outcome =
  'approved' | 'declined' | 'voided' | 'tombstone' | 'replayed' | 'refused' | 'failed'

/** A row of the log. */
export interface Call {
  readonly type: OperationType | 'void'
  readonly key: string
  readonly outcome: Outcome
  readonly amount: number | null
  readonly currency: string | null
}

const columns = `op_key as \`key\`, type, base_key as baseKey, merchant_id as merchantId, amount, currency, result,
  code, approval_number as approvalNumber, transaction_id as transactionId, at`

const statements = {
  // The first one decides; values were checked, so there is nothing else to ignore.
  decide: statement(
    'pg_decide',
    `insert ignore into operation (op_key, type, base_key, merchant_id, amount, currency, result, code,
       approval_number, transaction_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  find: statement('pg_find', `select ${columns} from operation where op_key = ?`),
  lock: statement('pg_lock', `select ${columns} from operation where op_key = ? for update`),
  used: statement(
    'pg_used',
    `select cast(coalesce(sum(amount), 0) as signed) as used from operation
     where base_key = ? and type = ? and result = 'approved'`,
  ),
  void: statement('pg_void', `update operation set result = 'voided' where op_key = ?`),
  log: statement(
    'pg_log',
    `insert into call_log (type, op_key, outcome, amount, currency) values (?, ?, ?, ?, ?)`,
  ),
  calls: statement(
    'pg_calls',
    `select id, type, op_key as \`key\`, outcome, amount, currency, at from call_log
     where id > ? order by id limit ?`,
  ),
}

/** Writes a decision; false when there is one about this key. */
export const decide = async (tx: Queryable, made: Omit<Operation, 'at'>): Promise<boolean> => {
  const { key, type, baseKey, merchantId, amount, currency, result, code } = made
  const money = [merchantId, amount, currency]
  const said = [result, code, made.approvalNumber, made.transactionId]
  return (await tx.change(statements.decide, [key, type, baseKey, ...money, ...said])) === 1
}

export const operationOf = async (db: Queryable, key: string): Promise<Operation | undefined> =>
  (await db.query<Operation>(statements.find, [key]))[0]

/** The same, locked until the transaction ends. */
export const lockOperation = async (tx: Queryable, key: string): Promise<Operation | undefined> =>
  (await tx.query<Operation>(statements.lock, [key]))[0]

/** What approved operations of a type have taken of the one that they build on. */
export const usedOf = async (tx: Queryable, key: string, type: OperationType): Promise<number> =>
  (await tx.query<{ used: number }>(statements.used, [key, type]))[0]?.used ?? 0

export const markVoided = (tx: Queryable, key: string): Promise<number> =>
  tx.change(statements.void, [key])

export const logCall = (db: Queryable, call: Call): Promise<number> =>
  db.change(statements.log, [call.type, call.key, call.outcome, call.amount, call.currency])

/** At most `size` rows of the log after one. */
export const callsAfter = (
  db: Queryable,
  { after, size }: { after: number; size: number },
): Promise<(Call & { id: number; at: Date })[]> => db.query(statements.calls, [after, size])
