import type { Context } from './context.ts'
import { purgeAll } from './purge.ts'
import { repeat } from './repeat.ts'
import { statement, type Database, type Queryable, type SqlEngine, type Statement } from './sql.ts'

/** Twice the longest retention of a topic, so that nothing is forgotten that could still be read again. */
const keptForDays = 14
const purgeEveryMs = 60_000
const purgedAtOnce = 5000

/** What the inbox says to an engine: `remember` answers whether the event is here for the first time. */
interface InboxDialect {
  /** consumer, event id */
  readonly remember: Statement
  /** age in days, limit */
  readonly purge: Statement
}

const dialects: Readonly<Record<SqlEngine, InboxDialect>> = {
  postgres: {
    remember: statement(
      'inbox_remember',
      `insert into inbox (consumer, event_id) values ($1, $2) on conflict do nothing returning 1 as first`,
    ),
    purge: statement(
      'inbox_purge',
      `delete from inbox where (consumer, event_id) in (
         select consumer, event_id from inbox where at < now() - make_interval(days => $1) limit $2)`,
    ),
  },
  mariadb: {
    // `insert ignore` would cut a long id short, and take it for another one.
    remember: statement(
      'inbox_remember',
      `insert into inbox (consumer, event_id) values (?, ?)
       on duplicate key update seen = seen + 1 returning seen = 1 as first`,
    ),
    purge: statement('inbox_purge', `delete from inbox where at < now(6) - interval ? day limit ?`),
  },
}

/**
 * True the first time that `consumer` sees an event, false for a duplicate.
 * @param tx the transaction of the event's effect: both are there or neither
 * @param eventId the record's `ce_id`
 */
export async function once(tx: Queryable, consumer: string, eventId: string): Promise<boolean> {
  const { remember } = dialects[tx.engine]
  const [row] = await tx.query<{ first: number }>(remember, [consumer, eventId])
  return row?.first === 1
}

/** Forgets events after 14 days; runs until the service stops. */
export function purgeInbox(context: Context, database: Database): void {
  const { purge } = dialects[database.engine]
  const deletion = { statement: purge, values: [keptForDays], limit: purgedAtOnce }
  repeat(context, { name: 'inbox purge', everyMs: purgeEveryMs }, () =>
    purgeAll(database, deletion, context.life.signal),
  )
}
