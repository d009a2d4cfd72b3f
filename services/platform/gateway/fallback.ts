import { Problem } from '../../kit/problem.ts'
import { refusedFor } from '../../kit/proxy-status.ts'

export type FallbackReason = 'breaker_open' | 'timeout' | 'upstream_unavailable'

/** The fallback answer of the contract: a 503 whose body also names the service. */
export function fallback(service: string, reason: FallbackReason, afterSeconds = 1): Problem {
  const detail = `${service} does not answer at the moment; please try again.`
  return new Problem(503, reason.toUpperCase(), detail, {
    headers: {
      'retry-after': String(Math.max(1, afterSeconds)),
      ...(reason === 'breaker_open' && refusedFor('gateway', service)),
    },
    members: { service },
  })
}
