/** Servers that speak SQL. */
export type SqlEngine = 'postgres' | 'mariadb'

/** A named prepared statement. The name also names its span and its metric. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** Declares a statement, e.g. `statement('title_by_id', 'select … where id = $1')`; names are unique per service. */
export const statement = (name: string, text: string): Statement => ({ name, text })

/** Something that runs statements: the pool (each on its own) or a transaction. */
export interface Queryable<Engine extends SqlEngine = SqlEngine> {
  readonly engine: Engine
  /**
   * Rows of a statement. 64-bit integers are numbers (beyond 2^53 it throws), numeric and decimal strings, times a Date.
   * @throws Problem 503 DATABASE_UNAVAILABLE when the server is away or too slow, 503 LOCK_TIMEOUT when another
   *   transaction held a lock for too long, 503 WRITE_CONFLICT when the server gave way to another transaction,
   *   400 for text and numbers that cannot be stored; other errors as they are. A write outside of a transaction may
   *   have been made nevertheless.
   */
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>
  /** Runs a statement that writes. @returns how many rows it was about @throws as `query` */
  change(statement: Statement, values?: readonly unknown[]): Promise<number>
}

/** What a transaction sees of others; the default is the engine's: see `postgres` and `mariadb`. */
export type Isolation = 'read committed' | 'repeatable read'

export interface TransactionWishes {
  /** @default of the engine */
  readonly isolation?: Isolation
  /** Nobody who listens to commits hears of it: for housekeeping. @default false */
  readonly quiet?: boolean
}

/** A store's connection pool. */
export interface Database<Engine extends SqlEngine = SqlEngine> extends Queryable<Engine> {
  /**
   * Runs `work` in one transaction: the only way to write several statements. What it throws rolls back; after a
   * failed statement nothing is written. When the server gives way to another transaction (deadlock, a row that was
   * changed since it was read), `work` runs again, three times at most: it must not do anything else than to use `tx`.
   * @throws Problem 503 OUTCOME_UNKNOWN when the reply to COMMIT was lost
   */
  transaction<T>(
    work: (tx: Queryable<Engine>) => Promise<T>,
    wishes?: TransactionWishes,
  ): Promise<T>
  /** Calls `listener` after each commit of this process that is not quiet. */
  onCommit(listener: () => void): void
}
