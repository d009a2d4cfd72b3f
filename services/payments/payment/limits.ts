import type { Context } from '../../kit/context.ts'
import { Problem } from '../../kit/problem.ts'
import { rateLimiter, rateLimitHeaders } from '../../kit/rate-limit.ts'
import type { Redis } from '../../kit/redis.ts'
import type { Events } from './events.ts'
import type service from './service.ts'

export type Action = 'authorize' | 'capture' | 'refund'

/** Counts a request of a merchant. @throws Problem 429 with `Retry-After` */
export type MerchantLimits = (action: Action, merchantId: string) => Promise<void>

/** At once a merchant may do what it may do in this time. */
const burstSeconds = 10

export function merchantLimits(
  context: Context<typeof service>,
  redis: Redis,
  events: Events,
): MerchantLimits {
  const { authorizePerMinute, capturePerMinute, refundPerMinute } = context.config.settings
  const limiterOf = (route: Action, perMinute: number) => {
    const perSecond = perMinute / 60
    const burst = Math.max(1, Math.floor(perSecond * burstSeconds))
    const limit = { perSecond, burst, whenStoreFails: 'open', exact: false } as const
    return { limit, limiter: rateLimiter(context, redis, { route, limit }) }
  }
  const limiters = {
    authorize: limiterOf('authorize', authorizePerMinute),
    capture: limiterOf('capture', capturePerMinute),
    refund: limiterOf('refund', refundPerMinute),
  }
  return async (action, merchantId) => {
    const { limit, limiter } = limiters[action]
    const decision = await limiter.take(merchantId)
    if (decision.allowed) return
    events.limited(action, merchantId)
    const detail = `${merchantId} may ${action} ${limit.perSecond * 60} payments a minute; come again in ${decision.retryAfterSeconds} s.`
    throw new Problem(429, 'RATE_LIMIT_EXCEEDED', detail, {
      headers: rateLimitHeaders(limit, decision),
    })
  }
}
