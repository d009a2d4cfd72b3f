import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { relay } from '../../kit/outbox.ts'
import { postgres } from '../../kit/postgres.ts'
import { purgeHourly } from '../../kit/purge.ts'
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
  const { tombstoneKeptDays, auditKeptDays } = context.config.settings
  // Deletions end for good, and the audit trail has an end.
  purgeHourly(context, database, [emptying(tombstoneKeptDays), auditPurge(auditKeptDays)])
  return serve(context, api, handlers({ database, events: createEvents(context) }))
}
