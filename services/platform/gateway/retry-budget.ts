/** Retries that all requests to one service share, so that an outage is not multiplied. */
export interface RetryBudget {
  /** Called once per client request. */
  earn(): void
  /** True when a retry may be made. */
  spend(): boolean
}

/** Retries per request, on average. */
const share = 0.1
/** Saved for quiet times, so that single faults are always mended. */
const atMost = 10

/** A budget of a tenth of the traffic. */
export function retryBudget(): RetryBudget {
  let saved = atMost
  return {
    earn: () => {
      saved = Math.min(atMost, saved + share)
    },
    spend: () => {
      if (saved < 1) return false
      saved -= 1
      return true
    },
  }
}
