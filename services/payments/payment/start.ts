import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { mariadb } from '../../kit/mariadb.ts'
import { relay } from '../../kit/outbox.ts'
import { purgeAll } from '../../kit/purge.ts'
import { redis as connect } from '../../kit/redis.ts'
import { repeat } from '../../kit/repeat.ts'
import { paymentReplays, payments } from '../stores.ts'
import { api } from './api.ts'
import { breakerHandlers } from './breaker-routes.ts'
import { steered } from './breakers.ts'
import { consumeReports } from './consumers.ts'
import { createEvents } from './events.ts'
import { gatewayCalls } from './gateway-calls.ts'
import { merchantLimits } from './limits.ts'
import { replaysIn } from './replays.ts'
import { resolveUnknown } from './resolver.ts'
import { handlers } from './routes.ts'
import type service from './service.ts'
import { answerPurge } from './store.ts'

const purgeEveryMs = 3_600_000

/** Payments in MariaDB, their events through the outbox to Kafka, the gateway asked in between. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const { settings } = context.config
  const { gatewayTimeoutMs } = settings
  const database = await mariadb(context, payments)
  const redis = await connect(context, paymentReplays, { vital: false })
  const broker = kafka(context, { vital: false })
  const events = createEvents(context)
  const desk = {
    ...{ database, events },
    gateway: gatewayCalls(context),
    replays: replaysIn(redis),
    limits: merchantLimits(context, redis, events),
    times: { ...settings, leaseMs: 1.5 * gatewayTimeoutMs, resolveMs: 2 * gatewayTimeoutMs },
  }
  await relay(context, database, await broker.publisher())
  await consumeReports(context, { database, events, broker })
  resolveUnknown(context, desk)
  repeat(context, { name: 'answer purge', everyMs: purgeEveryMs }, () =>
    purgeAll(database, answerPurge(settings.answersKeptDays), context.life.signal),
  )
  const steering = breakerHandlers(steered(context, database), {
    database,
    instance: context.instance,
  })
  return serve(context, api, { ...handlers(desk), ...steering })
}
