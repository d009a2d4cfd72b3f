import { readFileSync } from 'node:fs'
import type { RateLimit } from '../model/edge.ts'
import { counter } from '../model/metric.ts'
import type { Context } from './context.ts'
import { leases, type Grant } from './rate-limit-lease.ts'
import { localBuckets } from './rate-limit-local.ts'
import type { Redis } from './redis.ts'

/** What a limiter says about one request. */
export interface Decision {
  readonly allowed: boolean
  /** Whole tokens left for this key, as far as this instance knows. */
  readonly remaining: number
  /** The burst. */
  readonly limit: number
  /** Whole seconds, at least 1 when refused; a request after that time passes if nobody else took the tokens. */
  readonly retryAfterSeconds: number
  /** Whole seconds until the bucket is full. */
  readonly resetSeconds: number
  /** `store` also stands for a lease of it; the others say which policy stood in while the store was away. */
  readonly decidedBy: 'store' | RateLimit['whenStoreFails']
}

/** The limiter of one route. */
export interface RateLimiter {
  /**
   * Takes tokens of a key. Answers at once when a lease covers them, so test for a promise on a hot path; it never
   * rejects and takes 50 ms at most.
   * @param key subject or client address
   * @param tokens cost of the request; 1 by default
   */
  take(key: string, tokens?: number): Decision | Promise<Decision>
}

export interface LimiterOptions {
  /** Names the buckets: `request_rate_limiter.{<route>.<key>}.tokens` and `.timestamp`. */
  readonly route: string
  readonly limit: RateLimit
  /** How long a request waits for Redis before the policy decides; 40 ms by default. */
  readonly patienceMs?: number
}

export const rateLimitStoreFailures = counter<'policy'>('rate_limit_store_failures_total', {
  help: 'Requests that were let pass, counted locally or refused because the limiter could not ask its store',
  labels: { policy: ['open', 'local', 'closed'] },
})

/** A lease is at most this share of the burst, at least one token. */
const leaseShare = 0.05
/** Within the 50 ms that a hanging store may cost a request. */
const defaultPatienceMs = 40
const lua = readFileSync(new URL('rate-limit.lua', import.meta.url), 'utf8')

/**
 * Token bucket in Redis, shared by all instances, by the clock of Redis. Over any time t the instances accept at most
 * rate·t + burst, and in any window at most one lease per instance more.
 */
export function rateLimiter(
  context: Context,
  redis: Redis,
  { route, limit, patienceMs = defaultPatienceMs }: LimiterOptions,
): RateLimiter {
  const { log } = context
  const { perSecond, burst, exact, whenStoreFails } = limit
  context.meter.register(rateLimitStoreFailures)
  const run = redis.script('take-tokens', lua)
  const ask = async (key: string, needed: number, wanted: number): Promise<Grant> => {
    const bucket = `request_rate_limiter.{${route}.${key}}`
    const reply = await run(
      [`${bucket}.tokens`, `${bucket}.timestamp`],
      [perSecond, burst, needed, wanted],
    )
    const [granted, remaining, waitMs] = reply as [number, number, number]
    return { granted, remaining, waitMs }
  }
  const size = exact ? 0 : Math.max(1, Math.floor(burst * leaseShare))
  const onAway = (err: unknown): void =>
    log.warn({ err, route }, 'rate limiter cannot ask its store')
  const store = leases(ask, { size, patienceMs, onAway })
  const local = localBuckets(limit)

  const standIn = (key: string, tokens: number): Decision => {
    context.meter.add(rateLimitStoreFailures, { policy: whenStoreFails })
    if (whenStoreFails === 'local') return decision(local(key, tokens), tokens, 'local')
    const granted = whenStoreFails === 'open' ? tokens : 0
    return decision(
      { granted, remaining: whenStoreFails === 'open' ? burst : 0, waitMs: 1000 },
      tokens,
      whenStoreFails,
    )
  }
  const decision = (grant: Grant, tokens: number, decidedBy: Decision['decidedBy']): Decision => {
    const allowed = grant.granted >= tokens
    return {
      allowed,
      remaining: grant.remaining,
      limit: burst,
      retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil(grant.waitMs / 1000)),
      resetSeconds: Math.ceil((burst - grant.remaining) / perSecond),
      decidedBy,
    }
  }
  return {
    take: (key, tokens = 1) => {
      const taken = store(key, tokens)
      if (taken instanceof Promise)
        return taken.then((grant) =>
          grant ? decision(grant, tokens, 'store') : standIn(key, tokens),
        )
      return taken ? decision(taken, tokens, 'store') : standIn(key, tokens)
    },
  }
}

/** Headers of an answer: the ones that clients of the earlier gateway read, and the IETF draft's two. */
export function rateLimitHeaders(
  limit: RateLimit,
  { allowed, remaining, retryAfterSeconds, resetSeconds }: Decision,
  tokens = 1,
): Record<string, string> {
  const windowSeconds = Math.ceil(limit.burst / limit.perSecond)
  return {
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-replenish-rate': String(limit.perSecond),
    'x-ratelimit-burst-capacity': String(limit.burst),
    'x-ratelimit-requested-tokens': String(tokens),
    ratelimit: `"default";r=${remaining};t=${resetSeconds}`,
    'ratelimit-policy': `"default";q=${limit.burst};w=${windowSeconds}`,
    ...(!allowed && { 'retry-after': String(retryAfterSeconds) }),
  }
}
