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
