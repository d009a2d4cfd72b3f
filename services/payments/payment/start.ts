import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { mariadb } from '../../kit/mariadb.ts'
import { relay } from '../../kit/outbox.ts'
import { purgeHourly } from '../../kit/purge.ts'
import { redis as connect } from '../../kit/redis.ts'
import { choicePurge } from '../kit/breaker-store.ts'
import { steered } from '../kit/breakers.ts'
import { paymentReplays, payments } from '../stores.ts'
import { api } from './api.ts'
import { breakerHandlers } from './breaker-routes.ts'
import { consumeReports } from './consumers.ts'
import { createEvents } from './events.ts'
import { gatewayCalls } from './gateway-calls.ts'
import { merchantLimits } from './limits.ts'
import { replaysIn } from './replays.ts'
import { resolveUnknown } from './resolver.ts'
import { handlers } from './routes.ts'
import type service from './service.ts'
import { answerPurge } from './store.ts'

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
  await consumeReports(context, { ...desk, broker })
  resolveUnknown(context, desk)
  purgeHourly(context, database, [
    answerPurge(settings.answersKeptDays),
    choicePurge(settings.auditKeptDays),
  ])
  const steering = breakerHandlers(context, steered(context, database))
  return serve(context, api, { ...handlers(desk), ...steering })
}
