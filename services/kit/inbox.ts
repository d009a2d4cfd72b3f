import type { Context } from './context.ts'
import type { Postgres, Queryable } from './postgres.ts'

/** True the first time, false for a duplicate. In the same transaction as the effect. */
export async function once(_tx: Queryable, _consumer: string, _eventId: string): Promise<boolean> {
  throw new Error('being written')
}
/** Forgets events after 14 days; runs until the service stops. */
export function purgeInbox(_context: Context, _database: Postgres): void {
  throw new Error('being written')
}
