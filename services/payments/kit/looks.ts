import type { Actor } from '../../kit/auth.ts'
import type { Queryable } from '../../kit/mariadb.ts'
import type { Statement } from '../../kit/sql.ts'
import type { RequestStatus } from './requests.ts'
import type { Statements } from './statements.ts'

/** How many there are, and for how long the oldest has been there. */
export interface Backlog {
  readonly count: number
  readonly seconds: number
}

/** What is unfinished, of what nobody knows whether it was done, and what was given up. */
export interface Standing {
  readonly pending: Backlog
  readonly unknown: Backlog
  readonly dead: Backlog
}

export async function standingOf(db: Queryable, statements: Statements): Promise<Standing> {
  const look = async (asked: Statement): Promise<Backlog> =>
    (await db.query<Backlog>(asked))[0] ?? { count: 0, seconds: 0 }
  return {
    pending: await look(statements.pending),
    unknown: await look(statements.unknown),
    dead: await look(statements.deadCount),
  }
}

/** Requests of one state and currency. */
export interface Total {
  readonly status: RequestStatus
  readonly currency: string
  readonly count: number
  /** Minor units, as text: a sum has no limit. */
  readonly amount: string
}

export const totalsOf = (db: Queryable, { totals }: Statements): Promise<Total[]> =>
  db.query(totals)

/** Failed requests by how often they were tried in vain. */
export const failuresOf = (
  db: Queryable,
  { failures }: Statements,
): Promise<{ retryCount: number; count: number }[]> => db.query(failures)

/** How many have been unfinished for longer than that. */
export const lateCount = async (
  db: Queryable,
  { late }: Statements,
  seconds: number,
): Promise<number> => (await db.query<{ count: number }>(late, [seconds]))[0]?.count ?? 0

/** An act of the trail. */
export interface Act extends Actor {
  readonly id: number
  readonly requestId: string
  readonly action: string
  readonly at: Date
}

/** At most `size` acts before one, latest first. @param requestId of one request alone */
export const trailBefore = (
  db: Queryable,
  { trail }: Statements,
  { before, size, requestId }: { before: number; size: number; requestId: string | undefined },
): Promise<Act[]> => db.query(trail, [before, requestId ?? null, requestId ?? null, size])
