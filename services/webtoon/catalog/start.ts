import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { relay } from '../../kit/outbox.ts'
import { postgres, type Postgres } from '../../kit/postgres.ts'
import { purgeAll } from '../../kit/purge.ts'
import { repeat } from '../../kit/repeat.ts'
import { titles } from '../stores.ts'
import { api } from './api.ts'
import { createEvents } from './events.ts'
import { handlers } from './routes.ts'
import type service from './service.ts'
import { auditPurge, emptying } from './store.ts'

/** Titles in Postgres, their changes through the outbox to Kafka. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const database = await postgres(context, titles)
  await relay(context, database, await kafka(context, { vital: false }).publisher())
  keepAsLongAsAsked(context, database)
  return serve(context, api, handlers({ database, events: createEvents(context) }))
}

const purgeEveryMs = 3_600_000

/** Deletions end for good, and the audit trail has an end. */
function keepAsLongAsAsked(context: Context<typeof service>, database: Postgres): void {
  const { tombstoneKeptDays, auditKeptDays } = context.config.settings
  const { signal } = context.life
  repeat(context, { name: 'title retention', everyMs: purgeEveryMs }, async () => {
    await purgeAll(database, emptying(tombstoneKeptDays), signal)
    await purgeAll(database, auditPurge(auditKeptDays), signal)
  })
}
