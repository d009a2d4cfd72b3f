import { setTimeout as pause } from 'node:timers/promises'
import type { Tracer } from '@opentelemetry/api'
import type { Attempt, Outcome, Sink } from './attempt.ts'
import type { Passage } from './passage.ts'
import { tracedAttempt } from './traced-attempt.ts'

/** The time for all attempts is over. */
export class TimeLimit extends Error {}

/** Half of the time is over without a word, and there is another replica to ask. */
class Silence extends Error {}

/** The client closed its connection, or does not read. */
export class ClientGone extends Error {}

/** The attempts of one client request. */
export interface Journey {
  /** Attempts until one is final. */
  run(): Promise<Outcome>
  /** Ends it from outside. */
  end(reason: Error): void
  /** Milliseconds until the answer began. */
  answeredAfterMs(): number
  /** Forgets its timer. */
  settle(): void
}

/** A client that reads an answer slowly is given this long beyond the time limit. */
const slowReaderMs = 30_000
const retriedStatuses = new Set([502, 503, 504])

/** Prepares a request's attempts and starts its clock. */
export function journey(tracer: Tracer, passage: Passage): Journey {
  const { to, response } = passage
  const turns = turnsOf(passage)
  let beganAt = 0
  let current: Attempt | undefined
  let ended: Error | undefined

  const sink: Sink = {
    response,
    drop: (status) => retriedStatuses.has(status) && ended === undefined && turns.another(),
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
    if (!current?.heldBack()) return end(new TimeLimit())
    timer = setTimeout(() => end(new ClientGone()), slowReaderMs)
  }, to.edge.timeLimitMs)
  // A replica that hangs takes connections like a good one: only its silence tells.
  const look = (): void => {
    if (beganAt === 0 && current && turns.another()) current.abort(new Silence())
  }
  const patience = to.upstreams.count > 1 ? setTimeout(look, to.edge.timeLimitMs / 2) : undefined

  const run = async (): Promise<Outcome> => {
    for (;;) {
      const upstream = turns.next()
      current = tracedAttempt(tracer, { upstream, passage, sink })
      const outcome = await current.outcome
      current = undefined
      if (outcome.kind === 'failed' || outcome.status >= 500) to.counts.failures += 1
      if (isSilence(outcome)) upstream.silent()
      else upstream.answered()
      if (outcome.kind === 'failed' && outcome.error instanceof Silence) continue
      if (outcome.kind === 'passed' || ended) return outcome
      if (isUnconnected(outcome)) {
        upstream.refused()
        if (turns.elsewhere()) continue
      }
      if (outcome.kind === 'failed' && (outcome.begun || !turns.another())) return outcome
      await pause(turns.backoffMs())
      if (ended) return { kind: 'failed', error: ended, begun: false }
    }
  }
  return {
    run,
    end,
    answeredAfterMs: () => (beganAt || performance.now()) - turns.startedAt,
    settle: () => {
      clearTimeout(timer)
      clearTimeout(patience)
    },
  }
}

/** Whose turn it is, and whether there is another one. */
function turnsOf({ to, forwarded }: Passage) {
  const { timeLimitMs, retries } = to.edge
  const repeatable = forwarded.method === 'GET' || forwarded.method === 'HEAD'
  const startedAt = performance.now()
  let repeated = 0
  let others = to.upstreams.count - 1
  const longest = (): number =>
    Math.min(retries.maxBackoffMs, retries.firstBackoffMs * 2 ** Math.max(0, repeated - 1))
  to.budget.earn()
  return {
    startedAt,
    next: () => {
      to.counts.requests += 1
      return to.upstreams.next()
    },
    /** Only GET and HEAD, within number, time and budget. */
    another: (): boolean => {
      const possible =
        repeatable &&
        repeated < retries.attempts &&
        performance.now() - startedAt + longest() < timeLimitMs
      if (!possible || !to.budget.spend()) return false
      repeated += 1
      to.counts.retries += 1
      return true
    },
    /** Another replica can be asked at once, also for a POST: the refusing one has seen nothing of it. */
    elsewhere: (): boolean => others-- > 0,
    /** Full jitter, so that clients of one outage do not come back together. */
    backoffMs: (): number => Math.random() * longest(),
  }
}

/** No connection was made, so nothing was sent. */
const unconnected = new Set([
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
])

const isSilence = (outcome: Outcome): boolean =>
  outcome.kind === 'failed' &&
  !outcome.begun &&
  (outcome.error instanceof Silence || outcome.error instanceof TimeLimit)

const isUnconnected = (outcome: Outcome): boolean =>
  outcome.kind === 'failed' &&
  unconnected.has(String((outcome.error as Error & { code?: unknown }).code))
