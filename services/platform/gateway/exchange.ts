import type { Tracer } from '@opentelemetry/api'
import { BreakerOpenError, type Permit } from '../../kit/breaker.ts'
import { Problem } from '../../kit/problem.ts'
import type { Outcome } from './attempt.ts'
import { fallback, type FallbackReason } from './fallback.ts'
import type { Fronted } from './fronted.ts'
import { ClientGone, journey, TimeLimit } from './journey.ts'
import type { Passage } from './passage.ts'

/** How a client request ended for the gateway. */
export type Ending =
  | { readonly kind: 'answered' }
  /** The client went away first. */
  | { readonly kind: 'gone' }
  /** The upstream broke off in the middle of its answer: the client's connection must be cut. */
  | { readonly kind: 'broken'; readonly error: Error }

/**
 * Breaker → attempts within the time limit → one result for the breaker, whatever the number of attempts.
 * @throws Problem the fallback, when nothing of an answer was passed on
 */
export async function exchange(tracer: Tracer, passage: Passage): Promise<Ending> {
  const { to, response } = passage
  const permit = permitOf(to)
  const travel = journey(tracer, passage)
  const leave = (): void => {
    if (!response.writableFinished) travel.end(new ClientGone())
  }
  response.once('close', leave)
  try {
    const outcome = await travel.run()
    return concluded(to, { outcome, permit, ms: travel.answeredAfterMs() })
  } finally {
    response.off('close', leave)
    travel.settle()
  }
}

function permitOf(to: Fronted): Permit {
  try {
    return to.breaker.acquire()
  } catch (error) {
    if (!(error instanceof BreakerOpenError)) throw error
    throw standIn(to, 'breaker_open', Math.ceil(error.retryAfterMs / 1000))
  }
}

function standIn(to: Fronted, reason: FallbackReason, afterSeconds?: number): Problem {
  to.counts.fallbacks[reason] += 1
  return fallback(to.name, reason, afterSeconds)
}

function concluded(
  to: Fronted,
  { outcome, permit, ms }: { outcome: Outcome; permit: Permit; ms: number },
): Ending {
  if (outcome.kind !== 'failed') {
    if (outcome.isFailure) permit.failure(ms)
    else permit.success(ms)
    return { kind: 'answered' }
  }
  const { error, begun } = outcome
  if (saysNothing(error)) permit.release()
  else permit.failure(ms)
  if (error instanceof ClientGone) return { kind: 'gone' }
  if (begun) return { kind: 'broken', error }
  if (saysNothing(error)) throw new Problem(400, 'BAD_REQUEST', 'A header cannot be passed on.')
  throw standIn(to, error instanceof TimeLimit ? 'timeout' : 'upstream_unavailable')
}

/** Nothing about the service: its breaker must not be opened by what clients do. */
const saysNothing = (error: Error): boolean =>
  error instanceof ClientGone || (error as NodeJS.ErrnoException).code === 'UND_ERR_INVALID_ARG'
