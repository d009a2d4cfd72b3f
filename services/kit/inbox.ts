import type { Context } from './context.ts'
import { statement, type Postgres, type Queryable } from './postgres.ts'
import { purgeAll } from './purge.ts'
import { repeat } from './repeat.ts'

/** Twice the longest retention of a topic, so that nothing is forgotten that could still be read again. */
const keptForDays = 14
const purgeEveryMs = 60_000
const purgedAtOnce = 5000

const remember = statement(
  'inbox_remember',
  `insert into inbox (consumer, event_id) values ($1, $2) on conflict do nothing returning 1 as first`,
)

const purge = statement(
  'inbox_purge',
  `with gone as (
     delete from inbox where (consumer, event_id) in (
       select consumer, event_id from inbox where at < now() - make_interval(days => $1) limit $2)
     returning event_id
   ) select count(*) as gone from gone`,
)

/**
 * True the first time that `consumer` sees an event, false for a duplicate.
 * @param tx the transaction of the event's effect: both are there or neither
 * @param eventId the record's `ce_id`
 */
export async function once(tx: Queryable, consumer: string, eventId: string): Promise<boolean> {
  const rows = await tx.query(remember, [consumer, eventId])
  return rows.length > 0
}

/** Forgets events after 14 days; runs until the service stops. */
export function purgeInbox(context: Context, database: Postgres): void {
  const deletion = { statement: purge, values: [keptForDays], limit: purgedAtOnce }
  repeat(context, { name: 'inbox purge', everyMs: purgeEveryMs }, () =>
    purgeAll(database, deletion, context.life.signal),
  )
}
