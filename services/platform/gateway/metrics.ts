import { counter } from '../../model/metric.ts'

export const rateLimitRejected = counter<'route'>('gateway_ratelimit_rejected_total', {
  help: 'Requests refused with 429, by the service they were for',
  labels: { route: [] },
})

export const upstreamRetries = counter<'route'>('gateway_upstream_retries_total', {
  help: 'Second and later attempts of client requests, by service',
  labels: { route: [] },
})

export const fallbacks = counter<'route' | 'reason'>('gateway_fallback_total', {
  help: 'Requests answered by the fallback body, by service and why',
  labels: { route: [], reason: ['breaker_open', 'timeout', 'upstream_unavailable'] },
})
