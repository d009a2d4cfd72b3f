import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { mariadb } from '../../kit/mariadb.ts'
import { relay } from '../../kit/outbox.ts'
import { purgeHourly } from '../../kit/purge.ts'
import { repeat } from '../../kit/repeat.ts'
import { books, gatewayBooks, payments, refunds, settlements } from '../stores.ts'
import { api } from './api.ts'
import { closeDays } from './batches.ts'
import { consumeReports } from './consumers.ts'
import { createEvents } from './events.ts'
import type { Places } from './evidence.ts'
import { reconciliationOf, type Reconciliation } from './reconciliation.ts'
import { isDue, runPurge } from './reconciliation-store.ts'
import { handlers } from './routes.ts'
import type service from './service.ts'
import { showLatest } from './standing.ts'

/** The books in MariaDB, written by events from Kafka and compared with the stores of others. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const database = await mariadb(context, books)
  const broker = kafka(context, { vital: false })
  const events = createEvents(context)
  const places = await placesOf(context, database)
  const reconciliation = reconciliationOf(places, {
    inFlightMs: context.config.settings.inFlightMs,
    events,
  })
  await consumeReports(context, { database, events, broker })
  await relay(context, database, await broker.publisher())
  reconcileRegularly(context, places, reconciliation)
  repeat(context, { name: 'closing of days', everyMs: context.config.settings.closeEveryMs }, () =>
    closeDays({ database, events }, new Date(context.clock()), context.life.signal),
  )
  const { payments: paid } = places
  return serve(context, api, handlers({ database, payments: paid, reconciliation, events }))
}

/** The books are written and read also while nothing can be compared with them. */
async function placesOf(context: Context<typeof service>, own: Places['books']): Promise<Places> {
  const seen = { vital: false }
  const paid = await mariadb(context, payments, seen)
  const workers = [settlements, refunds].map((store) => mariadb(context, store, seen))
  return {
    books: own,
    payments: paid,
    gateway: await mariadb(context, gatewayBooks, seen),
    outboxes: [paid, ...(await Promise.all(workers))],
  }
}

const lookEveryMs = 5000

function reconcileRegularly(
  context: Context<typeof service>,
  { books: database }: Places,
  reconciliation: Reconciliation,
): void {
  const { reconcileEveryMs, runsKeptDays } = context.config.settings
  const everyMs = Math.min(lookEveryMs, reconcileEveryMs)
  repeat(context, { name: 'reconciliation', everyMs }, async () => {
    if (await isDue(database, reconcileEveryMs)) await reconciliation.run('timer')
    await showLatest(context, database)
  })
  purgeHourly(context, database, [runPurge(runsKeptDays)])
}
