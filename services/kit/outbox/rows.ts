import { purgeAll } from '../purge.ts'
import type { Database } from '../sql.ts'
import { dialects } from './dialect.ts'

/** An event that waits to be published. */
export interface Row {
  readonly seq: number
  readonly id: string
  readonly topic: string
  readonly key: string
  readonly payload: string
  readonly traceparent: string | null
  readonly createdAt: Date
}

/** What the relay's gauges say. */
export interface Backlog {
  readonly pending: number
  readonly dead: number
  readonly oldestSeconds: number
}

/**
 * A row that the broker refuses is dead after five attempts, 2, 4, 8 and 16 s apart. Published rows are kept for an
 * hour, to be looked at.
 */
export const limits = {
  claimed: 500,
  attempts: 5,
  keptSeconds: 3600,
  purged: 5000,
}

/** Leases up to `count` rows to `relay`, in order. A crashed relay's rows are free again after the lease. */
export const claimRows = (
  database: Database,
  { relay, count, leaseMs }: { relay: string; count: number; leaseMs: number },
): Promise<Row[]> =>
  dialects[database.engine].claim(database, { relay, count, seconds: leaseMs / 1000 })

/** They are on the broker, whoever holds the lease by now. */
export async function markPublished(database: Database, seqs: readonly number[]): Promise<void> {
  const { publish, list } = dialects[database.engine]
  if (seqs.length > 0) await database.change(publish, [list(seqs)])
}

/** Counts an attempt of a row that the broker refused; the last one makes it dead. */
export async function markRefused(
  database: Database,
  relay: string,
  { seq, error }: { seq: number; error: string },
): Promise<void> {
  const { refuse } = dialects[database.engine]
  await database.change(refuse, [error, limits.attempts, seq, relay])
}

/** Gives rows back as they were. */
export async function giveBack(
  database: Database,
  relay: string,
  seqs: readonly number[],
): Promise<void> {
  const { release, list } = dialects[database.engine]
  if (seqs.length > 0) await database.change(release, [list(seqs), relay])
}

/** Gives back whatever this relay holds. */
export async function giveBackAll(database: Database, relay: string): Promise<void> {
  await database.change(dialects[database.engine].releaseAll, [relay])
}

export const readBacklog = async (database: Database): Promise<Backlog | undefined> =>
  (await database.query<Backlog>(dialects[database.engine].backlog))[0]

/** Deletes all published rows that nobody needs to look at any more. */
export function purgePublished(database: Database, stopped?: AbortSignal): Promise<number> {
  const { purge } = dialects[database.engine]
  const deletion = { statement: purge, values: [limits.keptSeconds], limit: limits.purged }
  return purgeAll(database, deletion, stopped)
}
