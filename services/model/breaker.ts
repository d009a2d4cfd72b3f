/** Count-window circuit breaker (names as in resilience4j). */
export interface BreakerPolicy {
  readonly window: number
  readonly minimumCalls: number
  /** Opens at ≥ this share of failed calls. */
  readonly failureRate: number
  /** Opens at ≥ this share of slow calls. */
  readonly slowRate: number
  readonly slowMs: number
  readonly openMs: number
  readonly halfOpenTrials: number
}

/** By the codes of the contract, 0 to 5. */
export const breakerStates = [
  'closed',
  'open',
  'half_open',
  'disabled',
  'forced_open',
  'forced_half_open',
] as const
export type BreakerState = (typeof breakerStates)[number]

/** States that people may choose; the breaker leaves the last three only when told to. */
export const chosenStates = ['closed', 'disabled', 'forced_open', 'forced_half_open'] as const
export type ChosenState = (typeof chosenStates)[number]

/** Metrics of every breaker, by its `name`. The rates are shares of the window, 0 to 1. */
export const breakerMetrics = {
  state: 'circuit_breaker_state',
  failureRate: 'circuit_breaker_failure_rate',
  slowRate: 'circuit_breaker_slow_call_rate',
  buffered: 'circuit_breaker_buffered_calls',
  slow: 'circuit_breaker_slow_calls',
  notPermitted: 'circuit_breaker_not_permitted_calls_total',
} as const
