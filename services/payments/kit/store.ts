import type { Actor } from '../../kit/auth.ts'
import type { Mariadb, Queryable } from '../../kit/mariadb.ts'
import type { Deletion } from '../../kit/purge.ts'
import type { Request, RequestStatus } from './requests.ts'
import type { Statements } from './statements.ts'

/** A request as it was asked for, with the record that asked. */
export interface NewRequest extends Pick<
  Request,
  'id' | 'paymentId' | 'merchantId' | 'version' | 'amount' | 'currency' | 'traceparent'
> {
  /** The record’s value as it came. */
  readonly event: string
  readonly headers: Readonly<Record<string, string>>
  readonly partition: number
  readonly offset: bigint
}

type Known = Pick<Request, 'paymentId' | 'amount' | 'currency'>

/** Writes a request, once. @returns what stands under its id now, and whether this wrote it */
export async function addRequest(
  tx: Queryable,
  { add }: Statements,
  wish: NewRequest,
): Promise<Known & { isFirst: boolean }> {
  const { id, paymentId, merchantId, version, amount, currency } = wish
  const origin = [wish.event, JSON.stringify(wish.headers), wish.traceparent]
  const place = [wish.partition, wish.offset]
  const values = [id, paymentId, merchantId, version, amount, currency, ...origin, ...place]
  const [row] = await tx.query<Known & { isFirst: number }>(add, values)
  if (!row) throw new Error(`The request ${id} was not written.`)
  return { ...row, isFirst: row.isFirst === 1 }
}

type Row = Omit<Request, 'isUnknown' | 'isDead'> & { isUnknown: number; isDead: number }

const requestOf = (row: Row): Request => ({
  ...row,
  isUnknown: row.isUnknown === 1,
  isDead: row.isDead === 1,
})

/** The request of that id, locked until the transaction ends. */
export async function lockRequest(
  tx: Queryable,
  { lock }: Statements,
  id: string,
): Promise<Request | undefined> {
  const [row] = await tx.query<Row>(lock, [id])
  return row && requestOf(row)
}

/** Opens one that was given up anew. False: it is not. */
export const reopenRequest = async (
  tx: Queryable,
  { reopen }: Statements,
  { seq }: Request,
): Promise<boolean> => (await tx.change(reopen, [seq])) === 1

export const noteAct = (
  tx: Queryable,
  { note }: Statements,
  { id, action, actor }: { id: string; action: string; actor: Actor },
): Promise<number> => tx.change(note, [id, action, actor.subject, actor.clientId])

/**
 * Takes up at most `count` requests that are due. Until `leaseMs` have passed nobody else does.
 * READ COMMITTED: no gap is locked in which others add rows.
 */
export const claimDue = (
  database: Mariadb,
  statements: Statements,
  { count, leaseMs }: { count: number; leaseMs: number },
): Promise<readonly Request[]> =>
  database.transaction(
    async (tx) => {
      const due = (await tx.query<Row>(statements.due, [count])).map(requestOf)
      if (due.length === 0) return []
      const seqs = JSON.stringify(due.map(({ seq }) => seq))
      if (due.some(({ isUnknown }) => isUnknown)) await tx.change(statements.orphan, [seqs])
      await tx.change(statements.lease, [seqs, leaseMs])
      return due.map((one) => ({ ...one, attempt: one.attempt + 1 }))
    },
    { isolation: 'read committed', quiet: true },
  )

const fence = ({ seq, attempt }: Pick<Request, 'seq' | 'attempt'>) => [seq, attempt]

/** What the gateway said last. */
export interface Said {
  readonly code: string
  readonly message: string
}

/** How a request ends. */
export interface End extends Said {
  readonly status: Exclude<RequestStatus, 'PENDING'>
  readonly transactionId: string | null
  /** Whether this was a try that came to nothing. */
  readonly isFailure: boolean
  /** Whether people have to decide what becomes of it. */
  readonly isDead: boolean
}

/** Ends a request. False: this attempt was overtaken. */
export const endRequest = async (
  tx: Queryable,
  { end }: Statements,
  request: Request,
  { status, transactionId, code, message, isFailure, isDead }: End,
): Promise<boolean> => {
  const said = [status, transactionId, code, cut(message), Number(isFailure), Number(isDead)]
  return (await tx.change(end, [...said, ...fence(request)])) === 1
}

/** Leaves a request for a later try. False: this attempt was overtaken. */
export const postponeRequest = async (
  db: Queryable,
  { postpone }: Statements,
  request: Request,
  wish: Said & { isFailure: boolean; isUnknown: boolean; afterMs: number },
): Promise<boolean> => {
  const { code, message, isFailure, isUnknown, afterMs } = wish
  const said = [code, cut(message), Number(isFailure), Number(isUnknown), afterMs]
  return (await db.change(postpone, [...said, ...fence(request)])) === 1
}

/** Gives back a request that nobody asked the gateway for. */
export const giveBackRequest = (
  db: Queryable,
  { giveBack }: Statements,
  request: Request,
  afterMs: number,
): Promise<number> => db.change(giveBack, [afterMs, ...fence(request)])

/** Of what a gateway says this much is kept. */
const cut = (message: string): string => message.slice(0, 500)

/** Ids of at most `limit` requests that were given up, first those that have waited longest. */
export const deadRequests = async (
  db: Queryable,
  { dead }: Statements,
  limit: number,
): Promise<readonly string[]> => (await db.query<{ id: string }>(dead, [limit])).map(({ id }) => id)

/** A dead letter that is still to be sent. */
export interface DueLetter extends Said {
  readonly seq: number
  readonly attempt: number
  readonly paymentId: string
  readonly event: string
  readonly headers: string
  readonly partition: number
  readonly offset: number
  readonly retryCount: number
  readonly requestedAt: Date
}

export const lettersDue = (
  db: Queryable,
  { letters }: Statements,
  limit: number,
): Promise<DueLetter[]> => db.query(letters, [limit])

/** Keeps a letter to oneself for a while. False: somebody else does. */
export const holdLetter = async (
  db: Queryable,
  { holdLetter }: Statements,
  letter: DueLetter,
  ms: number,
): Promise<boolean> => (await db.change(holdLetter, [ms, ...fence(letter)])) === 1

export const letterSent = (
  db: Queryable,
  { letterSent }: Statements,
  letter: DueLetter,
): Promise<number> => db.change(letterSent, fence(letter))

/** What is old: requests that came to their end, and acts of the trail. @param days that each is kept */
export const oldRequests = (
  { forget, forgetActs }: Statements,
  days: { readonly requestsKeptDays: number; readonly auditKeptDays: number },
): readonly Deletion[] => [
  { statement: forget, values: [days.requestsKeptDays], limit: 1000 },
  { statement: forgetActs, values: [days.auditKeptDays], limit: 1000 },
]
