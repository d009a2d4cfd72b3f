import { setTimeout as pause } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
import type { Tracer } from '@opentelemetry/api'
import { BreakerOpenError, type Permit } from '../../kit/breaker.ts'
import type { Problem } from '../../kit/problem.ts'
import { attempt, type Attempt, type Forwarded, type Outcome, type Sink } from './attempt.ts'
import { fallback, type FallbackReason } from './fallback.ts'
import type { Fronted } from './fronted.ts'
import { tracedAttempt } from './traced-attempt.ts'
import type { Upstream } from './upstreams.ts'

/** How a client request ended for the gateway. */
export type Ending =
  | { readonly kind: 'answered' }
  /** The client went away first. */
  | { readonly kind: 'gone' }
  /** The upstream broke off in the middle of its answer: the client's connection must be cut. */
  | { readonly kind: 'broken'; readonly error: Error }

/** One client request on its way to a service. */
export interface Passage {
  readonly to: Fronted
  /** Route template, for spans. */
  readonly template: string
  readonly forwarded: Forwarded
  readonly response: ServerResponse
  readonly begin: Sink['begin']
}

class TimeLimit extends Error {}
class ClientGone extends Error {}

/** A client that reads an answer slowly is given this long beyond the time limit. */
const slowReaderMs = 30_000
const retriedStatuses = new Set([502, 503, 504])
/** No connection was made, so nothing was sent. */
const unconnected = new Set([
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
])

/**
 * Breaker → attempts within the time limit → one result for the breaker, whatever the number of attempts.
 * @throws Problem the fallback, when nothing of an answer was passed on
 */
export async function exchange(tracer: Tracer, passage: Passage): Promise<Ending> {
  const { to, response } = passage
  const permit = permitOf(to)
  const journey = journeyOf(tracer, passage)
  const leave = (): void => {
    if (!response.writableFinished) journey.end(new ClientGone())
  }
  response.once('close', leave)
  try {
    const outcome = await journey.run()
    return concluded(to, { outcome, permit, ms: journey.answeredAfterMs() })
  } finally {
    response.off('close', leave)
    journey.settle()
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

type Concluded = { outcome: Outcome; permit: Permit; ms: number }

function concluded(to: Fronted, { outcome, permit, ms }: Concluded): Ending {
  if (outcome.kind !== 'failed') {
    if (outcome.status >= 500) permit.failure(ms)
    else permit.success(ms)
    return { kind: 'answered' }
  }
  const { error, begun } = outcome
  if (error instanceof ClientGone) {
    permit.release()
    return { kind: 'gone' }
  }
  permit.failure(ms)
  if (begun) return { kind: 'broken', error }
  throw standIn(to, error instanceof TimeLimit ? 'timeout' : 'upstream_unavailable')
}

/** The attempts of one request, one after the other. */
function journeyOf(tracer: Tracer, passage: Passage) {
  const { to, forwarded, response } = passage
  const { timeLimitMs, retries } = to.edge
  const repeatable = forwarded.method === 'GET' || forwarded.method === 'HEAD'
  const startedAt = performance.now()
  let beganAt = 0
  let made = 0
  let current: Attempt | undefined
  let ended: Error | undefined

  const waitMs = (): number => backoffMs(retries, made - 1)
  const mayRepeat = (): boolean =>
    repeatable &&
    ended === undefined &&
    made <= retries.attempts &&
    performance.now() - startedAt + waitMs() < timeLimitMs &&
    to.budget.spend()
  const sink: Sink = {
    response,
    drop: (status) => retriedStatuses.has(status) && mayRepeat(),
    begin: (status, headers) => {
      beganAt = performance.now()
      passage.begin(status, headers)
    },
  }
  const end = (reason: Error): void => {
    ended ??= reason
    current?.abort(reason)
  }
  let timer = setTimeout(() => {
    if (!current?.heldBack) return end(new TimeLimit())
    timer = setTimeout(() => end(new ClientGone()), slowReaderMs)
  }, timeLimitMs)

  const send = async (): Promise<{ outcome: Outcome; upstream: Upstream }> => {
    const upstream = to.upstreams.next()
    made += 1
    to.counts.requests += 1
    current = tracedAttempt(tracer, { upstream, passage, sink })
    const outcome = await current.outcome
    if (outcome.kind === 'failed' || outcome.status >= 500) to.counts.failures += 1
    return { outcome, upstream }
  }
  const run = async (): Promise<Outcome> => {
    to.budget.earn()
    for (let elsewhere = to.upstreams.count - 1; ;) {
      const { outcome, upstream } = await send()
      if (outcome.kind === 'passed' || ended) return outcome
      if (isUnconnected(outcome)) {
        upstream.refused()
        // Another replica can be asked at once, also for a POST: this one has seen nothing of it.
        made -= elsewhere > 0 ? 1 : 0
        if (elsewhere-- > 0) continue
      }
      if (outcome.kind === 'failed' && (outcome.begun || !mayRepeat())) return outcome
      to.counts.retries += 1
      await pause(Math.random() * waitMs())
      if (ended) return { kind: 'failed', error: ended, begun: false }
    }
  }
  return {
    run,
    end,
    answeredAfterMs: () => (beganAt || performance.now()) - startedAt,
    settle: () => clearTimeout(timer),
  }
}

const backoffMs = (
  { firstBackoffMs, maxBackoffMs }: Fronted['edge']['retries'],
  before: number,
): number => Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.max(0, before))

const isUnconnected = (outcome: Outcome): boolean =>
  outcome.kind === 'failed' &&
  unconnected.has(String((outcome.error as NodeJS.ErrnoException).code))
