import type { Context } from './context.ts'
import { repeat } from './repeat.ts'
import type { Database, Statement } from './sql.ts'

/** A deletion of limited size; the limit is its last value. */
export interface Deletion {
  /** How many rows it was about is how many went. */
  readonly statement: Statement
  readonly values: readonly unknown[]
  /** Rows that go at once: short transactions, so that writers do not wait. */
  readonly limit: number
}

/**
 * Deletes again until fewer rows than the limit went, or the service stops: a purge keeps up with any load.
 * @returns how many rows went
 */
export async function purgeAll(
  database: Database,
  { statement, values, limit }: Deletion,
  stopped?: AbortSignal,
): Promise<number> {
  let all = 0
  for (let gone = limit; gone >= limit && stopped?.aborted !== true;) {
    // READ COMMITTED: no gap is locked in which others add rows.
    const wishes = { isolation: 'read committed', quiet: true } as const
    gone = await database.transaction((tx) => tx.change(statement, [...values, limit]), wishes)
    all += gone
  }
  return all
}

const hourMs = 3_600_000

/** Makes these deletions, one after the other, at once and every hour until the service stops. */
export function purgeHourly(
  context: Context,
  database: Database,
  deletions: readonly Deletion[],
): void {
  repeat(context, { name: 'hourly purge', everyMs: hourMs }, async () => {
    for (const deletion of deletions) await purgeAll(database, deletion, context.life.signal)
  })
}
