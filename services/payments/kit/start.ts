import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { mariadb } from '../../kit/mariadb.ts'
import { relay } from '../../kit/outbox.ts'
import { purgeHourly } from '../../kit/purge.ts'
import { repeat } from '../../kit/repeat.ts'
import type { Store } from '../../model/store.ts'
import type { Consumption } from '../../model/topic.ts'
import type { WorkerApi } from './api.ts'
import { choicePurge } from './breaker-store.ts'
import { steered } from './breakers.ts'
import { claimRequests } from './claimer.ts'
import { createEvents } from './events.ts'
import { gatewayCalls } from './gateway-calls.ts'
import { takeRequests } from './intake.ts'
import { sendLetters } from './letters.ts'
import { standingOf } from './looks.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { Asked, Trade } from './requests.ts'
import { handlers } from './routes.ts'
import type { WorkerService } from './settings.ts'
import { statementsOf } from './statements.ts'
import type { Overdue } from './statistics.ts'
import { oldRequests } from './store.ts'
import type { Worker } from './worker.ts'

/** Counting what is unfinished costs as much as there is of it. */
const gaugeEveryMs = 5000

/** What a worker is made of. */
export interface Wishes<Event extends Asked> {
  readonly trade: Trade<Event>
  readonly store: Store<'mariadb'>
  readonly consumption: Consumption<Event>
  readonly api: WorkerApi
  readonly metrics: WorkerMetrics
  readonly overdue: Overdue
}

/** Requests from Kafka into MariaDB, from there to the payment gateway, and their reports through the outbox to Kafka. */
export async function startWorker<Event extends Asked>(
  context: Context<WorkerService>,
  { trade, store, consumption, api, metrics, overdue }: Wishes<Event>,
): Promise<{ url: string }> {
  const database = await mariadb(context, store)
  const broker = kafka(context, { vital: false })
  const worker: Worker<Trade<Event>> = {
    ...{ trade, database },
    statements: statementsOf(trade.tables),
    gateway: gatewayCalls(context, trade),
    events: createEvents(context, metrics),
    times: context.config.settings,
  }
  await relay(context, database, await broker.publisher())
  const { wake } = claimRequests(context, worker)
  await takeRequests(context, worker, { broker, consumption, wake })
  await sendLetters(context, worker, broker)
  repeat(context, { name: 'request gauges', everyMs: gaugeEveryMs }, async () =>
    worker.events.standing(await standingOf(database, worker.statements)),
  )
  const { auditKeptDays } = context.config.settings
  purgeHourly(context, database, [
    ...oldRequests(worker.statements, context.config.settings),
    choicePurge(auditKeptDays),
  ])
  const breakers = steered(context, database)
  return serve(context, api, handlers(worker, { overdue, wake, breakers }))
}
