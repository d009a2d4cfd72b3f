import type { Isolation, SqlEngine, Statement } from '../sql.ts'

/** What an engine's client adds to the mechanism of all. */
export interface Driver<Engine extends SqlEngine = SqlEngine> {
  readonly engine: Engine
  /** A free connection. @throws what the client throws */
  connect(): Promise<Session>
  /** Connections of the pool by state. `waiting`: callers without one. */
  standing(): Readonly<Record<PoolState, number>>
  /** What an error of the client means. */
  judge(error: unknown): Verdict
  /** Closes the pool when nobody uses a connection any more. */
  end(): Promise<void>
}

export type PoolState = 'idle' | 'used' | 'waiting' | 'max'

/** One connection, lent out. */
export interface Session {
  run(statement: Statement, values: readonly unknown[]): Promise<Answer>
  begin(isolation: Isolation | undefined): Promise<unknown>
  commit(): Promise<unknown>
  rollback(): Promise<unknown>
  /** @param reusable false: its state is not known, so nobody gets it again */
  release(reusable: boolean): Promise<void> | void
}

export interface Answer {
  readonly rows: readonly unknown[]
  /** Rows that the statement was about. */
  readonly count: number
}

/**
 * `away`: the server is not there or too slow. `conflict`: it gave way to another transaction. `locked`: another
 * transaction held a lock for too long. `input`: the value cannot be stored. `refused`: the server said no otherwise.
 * `unclear`: anything else, so that nothing is known of the connection.
 */
export type Verdict =
  | { readonly kind: 'away' | 'conflict' | 'locked' | 'refused' | 'unclear' }
  | { readonly kind: 'input'; readonly code: string; readonly detail: string }

/** The server itself said no and the session goes on, so the answer is certain. */
export const isDefinite = ({ kind }: Verdict): boolean => kind !== 'away' && kind !== 'unclear'

const networkCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** True for an error of the network, whatever client met it. */
export const isNetworkError = (error: unknown): boolean =>
  networkCodes.has((error as { code?: unknown } | undefined)?.code)
