import type { Postgres } from './postgres.ts'
import type { Statement } from './sql.ts'

/** A deletion of limited size; the limit is its last value. */
export interface Deletion {
  /** Answers how many rows went, as `gone`. */
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
  database: Postgres,
  { statement, values, limit }: Deletion,
  stopped?: AbortSignal,
): Promise<number> {
  let all = 0
  for (let gone = limit; gone >= limit && stopped?.aborted !== true;) {
    const [counted] = await database.query<{ gone: number }>(statement, [...values, limit])
    gone = counted?.gone ?? 0
    all += gone
  }
  return all
}
