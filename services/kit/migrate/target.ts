import { setTimeout as delay } from 'node:timers/promises'
import type { StoreLogin } from '../config.ts'
import type { Logger } from '../log.ts'
import type { SqlEngine } from '../sql.ts'
import type { Applied, Migration } from './plan.ts'

/** Where a SQL store is, and what it is. */
export interface SqlLogin extends StoreLogin {
  readonly engine: SqlEngine
}

/** A database that is brought up to date. */
export interface Target {
  /** @throws MigrationError for a file that this engine could not resume */
  check(namespace: string, migration: Migration): void
  /** Makes the table of applied migrations, and waits for others who are at work where the engine needs it. */
  prepare(): Promise<void>
  /** What was applied; nothing where there is no such table yet. */
  applied(namespace: string): Promise<Applied[]>
  /** Applies one file and notes it. @returns false when somebody else had applied it */
  apply(namespace: string, migration: Migration, log: Logger): Promise<boolean>
  close(): Promise<void>
}

/** A table lock that traffic holds is waited for shortly and often, so that the waiting blocks nobody for long. */
export const lockWaitSeconds = 2
export const statementSeconds = 120
const lockAttempts = 30
const lockPauseMs = 500

/** Repeats work while a lock is in its way. */
export async function withLockRetries<Value>(
  isLocked: (error: unknown) => boolean,
  work: () => Promise<Value>,
): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isLocked(error) || attempt === lockAttempts) throw error
      await delay(lockPauseMs)
    }
  }
}
