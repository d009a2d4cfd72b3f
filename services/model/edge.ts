import type { BreakerPolicy } from './breaker.ts'

/** How the gateway treats one service: its public prefixes, limit, time limit, retries and breaker. */
export interface Edge {
  /** Path prefixes of the service that the public reaches; each belongs to one service only. */
  readonly prefixes: readonly string[]
  /** What stands before them outside, and is taken away on the way in: '' or e.g. `/api`. */
  readonly base: string
  readonly limit: RateLimit
  /** Total over all attempts. */
  readonly timeLimitMs: number
  readonly retries: Retries
  readonly breaker: BreakerPolicy
}

/** Token bucket per subject (else per trusted client address). */
export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
  /** When Redis is away: let pass, count in this process only, or refuse. Each case has a metric. */
  readonly whenStoreFails: 'open' | 'local' | 'closed'
  /** True: every request asks Redis; false: tokens are leased per instance (≤ 5 % of the burst). */
  readonly exact: boolean
}

/** Retries happen for GET only and within the time limit. */
export interface Retries {
  readonly attempts: number
  readonly firstBackoffMs: number
  readonly maxBackoffMs: number
}

/** The paths under which the public finds what a service lets it reach. */
export const publicPrefixes = ({ base, prefixes }: Pick<Edge, 'base' | 'prefixes'>) =>
  prefixes.map((prefix) => base + prefix)

/** The breaker of every gateway route: window 50, minimum 10, 50 % failed or slow, open 10 s, 5 trials. */
export const gatewayBreaker = (timeLimitMs: number): BreakerPolicy => ({
  window: 50,
  minimumCalls: 10,
  failureRate: 0.5,
  slowRate: 0.5,
  slowMs: timeLimitMs * 0.8,
  openMs: 10_000,
  halfOpenTrials: 5,
})

type Declared = {
  prefixes: readonly string[]
  base?: string
  limit: {
    perSecond: number
    burst: number
    whenStoreFails?: RateLimit['whenStoreFails']
    exact?: boolean
  }
  timeLimitMs: number
  retries?: Retries
  breaker?: Partial<BreakerPolicy>
}

/**
 * Declares how the gateway treats a service.
 * @param declared `base` defaults to ''; no retries by default; limits fail open; the breaker is `gatewayBreaker` with overrides
 */
export function edge(declared: Declared): Edge {
  const { timeLimitMs, prefixes, base = '' } = declared
  return {
    prefixes,
    base,
    timeLimitMs,
    limit: { whenStoreFails: 'open', exact: false, ...declared.limit },
    retries: declared.retries ?? { attempts: 0, firstBackoffMs: 0, maxBackoffMs: 0 },
    breaker: { ...gatewayBreaker(timeLimitMs), ...declared.breaker },
  }
}
