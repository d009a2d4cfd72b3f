import { breaker, type Breaker } from '../../kit/breaker.ts'
import type { Context } from '../../kit/context.ts'
import { edgeFailures, edgeRequests } from '../../kit/edges.ts'
import { rateLimiter, type RateLimiter } from '../../kit/rate-limit.ts'
import type { Redis } from '../../kit/redis.ts'
import type { Edge } from '../../model/edge.ts'
import type { Service } from '../../model/service.ts'
import { fallbacks, rateLimitRejected, upstreamRetries } from './metrics.ts'
import type { FallbackReason } from './fallback.ts'
import { retryBudget, type RetryBudget } from './retry-budget.ts'
import { upstreamsOf, type Upstreams } from './upstreams.ts'

/** Everything that the gateway keeps for one service behind it. */
export interface Fronted {
  readonly name: string
  readonly edge: Edge
  readonly upstreams: Upstreams
  readonly limiter: RateLimiter
  readonly breaker: Breaker
  readonly budget: RetryBudget
  readonly counts: Counts
}

/** Numbers that a scrape reads; adding to them costs nothing. */
export interface Counts {
  requests: number
  failures: number
  retries: number
  limited: number
  readonly fallbacks: Record<FallbackReason, number>
}

/** Prepares one service: its connections, bucket, breaker and counters. */
export function fronted(
  context: Context,
  {
    service,
    edge,
    urls,
    redis,
  }: { service: Service; edge: Edge; urls: readonly URL[]; redis: Redis },
): Fronted {
  const { name } = service
  return {
    name,
    edge,
    upstreams: upstreamsOf(context, service, urls),
    limiter: rateLimiter(context, redis, { route: name, limit: edge.limit }),
    breaker: breaker(context, `${name}Cb`, edge.breaker),
    budget: retryBudget(),
    counts: countsOf(context, name),
  }
}

function countsOf({ meter, service }: Context, route: string): Counts {
  const counts: Counts = {
    requests: 0,
    failures: 0,
    retries: 0,
    limited: 0,
    fallbacks: { breaker_open: 0, timeout: 0, upstream_unavailable: 0 },
  }
  const edge = { client: service.name, server: route, connection_type: '' }
  meter.sampled(edgeRequests, edge, () => counts.requests)
  meter.sampled(edgeFailures, edge, () => counts.failures)
  meter.sampled(upstreamRetries, { route }, () => counts.retries)
  meter.sampled(rateLimitRejected, { route }, () => counts.limited)
  for (const reason of ['breaker_open', 'timeout', 'upstream_unavailable'] as const)
    meter.sampled(fallbacks, { route, reason }, () => counts.fallbacks[reason])
  return counts
}
