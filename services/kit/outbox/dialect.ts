import type { Database, SqlEngine, Statement } from '../sql.ts'
import { mariadbOutbox } from './mariadb.ts'
import { postgresOutbox } from './postgres.ts'
import type { Row } from './rows.ts'

/** Whose rows, how many, and for how long. */
export interface Lease {
  readonly relay: string
  readonly count: number
  readonly seconds: number
}

/** What the outbox says to an engine. Values are bound in the order in which they are named here. */
export interface OutboxDialect {
  /** id, topic, key, payload, traceparent */
  readonly add: Statement
  /** list of seqs */
  readonly publish: Statement
  /** error, attempts allowed, seq, relay */
  readonly refuse: Statement
  /** list of seqs, relay */
  readonly release: Statement
  /** relay */
  readonly releaseAll: Statement
  readonly backlog: Statement
  /** age in seconds, limit */
  readonly purge: Statement
  /** The one value that is a list of seqs. */
  list(seqs: readonly number[]): unknown
  /**
   * Leases free rows, in order. Rows of an aggregate leave in their order: one is free only when no earlier one of its
   * key is unpublished, unless that one is claimed with it. A first check keeps waiting rows from filling the window, a
   * second closes the race with a relay that has locked but not yet leased (`skip locked` passes over its rows).
   */
  claim(database: Database, lease: Lease): Promise<Row[]>
}

export const dialects: Readonly<Record<SqlEngine, OutboxDialect>> = {
  postgres: postgresOutbox,
  mariadb: mariadbOutbox,
}
