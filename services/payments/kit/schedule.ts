import type { Request } from './requests.ts'
import type { Verdict } from './gateway-calls.ts'

/** What pauses and limits follow from. */
export interface Times {
  readonly gatewayTimeoutMs: number
  readonly retryIntervalMs: number
  readonly maxRetries: number
}

/** For how long a try is alone with its request: longer than its call with the token for it can take. */
export const leaseMs = ({ gatewayTimeoutMs }: Times): number => 1.5 * gatewayTimeoutMs + tokenMs
const tokenMs = 3000

const longestMs = { failed: 1_800_000, unknown: 60_000 }
const firstUnaskedMs = 1000

/** What becomes of a request after a try. */
export type Step =
  | { readonly to: 'SUCCESS'; readonly transactionId: string | null }
  | { readonly to: 'FAILED'; readonly isDead: boolean }
  | { readonly to: 'PENDING'; readonly afterMs: number; readonly counts: 'failed' | 'unknown' }
  | { readonly to: 'UNTRIED'; readonly afterMs: number }

/**
 * A decision of the gateway ends a request at once. Tries that are known to have come to nothing are counted, and too
 * many of them end it, unless the result of one is unknown: such a request is repeated until the gateway decides.
 */
export function stepAfter(verdict: Verdict, request: Request, times: Times): Step {
  const { attempt, retryCount, isUnknown } = request
  const again = (first: number): number => pause(first, attempt - 1, longestMs.unknown)
  switch (verdict.kind) {
    case 'approved':
      return { to: 'SUCCESS', transactionId: verdict.transactionId }
    case 'declined':
      return { to: 'FAILED', isDead: false }
    case 'refused':
      return { to: 'FAILED', isDead: true }
    case 'unasked':
      return { to: 'UNTRIED', afterMs: again(firstUnaskedMs) }
    case 'unknown':
      return { to: 'PENDING', afterMs: again(2 * times.gatewayTimeoutMs), counts: 'unknown' }
    case 'failed':
      if (retryCount + 1 >= times.maxRetries && !isUnknown) return { to: 'FAILED', isDead: true }
      return {
        to: 'PENDING',
        afterMs: pause(times.retryIntervalMs, retryCount, longestMs.failed),
        counts: 'failed',
      }
  }
}

/** The `n`th pause, from 0: it doubles, and is up to half longer by chance, so that those that met do not meet again. */
const pause = (firstMs: number, n: number, longest: number): number =>
  Math.round(Math.min(longest, firstMs * 2 ** Math.min(n, 30)) * (1 + Math.random() / 2))
