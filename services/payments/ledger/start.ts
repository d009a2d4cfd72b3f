import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { mariadb } from '../../kit/mariadb.ts'
import { books } from '../stores.ts'
import { api } from './api.ts'
import { consumeReports } from './consumers.ts'
import { createEvents } from './events.ts'
import { handlers } from './routes.ts'
import type service from './service.ts'

/** The books in MariaDB, written by events from Kafka. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const database = await mariadb(context, books)
  const broker = kafka(context, { vital: false })
  await consumeReports(context, { database, events: createEvents(context), broker })
  return serve(context, api, handlers({ database }))
}
