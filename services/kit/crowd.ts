import type { IncomingMessage, ServerResponse } from 'node:http'
import { counter } from '../model/metric.ts'
import type { Route } from '../model/route.ts'
import type { Context } from './context.ts'
import { Problem } from './problem.ts'
import { refusedAsFull } from './proxy-status.ts'

/**
 * Bodies that one process works on at once: four of the largest that anybody may send. Memory is bounded by them, by the
 * requests that its service declares, and by the time that the event loop may be behind.
 */
const bodyBytesAtOnce = 4 * 1024 * 1024

export const refusedInCrowd = counter('http_requests_shed_total', {
  help: 'Requests that were refused with 503 because too many were being worked on',
})

/** The requests that are being worked on. */
export interface Crowd {
  /**
   * Lets a request in until its response closes, however large it is, unless those inside have reached a limit. Resolves
   * when its turn has come: at once, unless this round of the event loop has worked for long enough. Whoever has gone
   * takes no place.
   * @throws Problem 503 `OVERLOADED` before anything of the body is read
   */
  enter(route: Route, request: IncomingMessage, response: ServerResponse): Promise<void>
}

/**
 * Watches over the requests of one process.
 * @param limits of its own, for tests
 */
export function crowd(
  { meter, config, service }: Pick<Context, 'meter' | 'config' | 'service'>,
  limits = { requests: service.atOnce, bytes: bodyBytesAtOnce },
): Crowd {
  meter.register(refusedInCrowd)
  const patienceMs = config.number('OVERLOAD_AFTER_MS')
  const line = queue(patienceMs)
  let requests = 0
  let bytes = 0
  const refused = (): Problem => {
    meter.add(refusedInCrowd, undefined)
    const headers = { 'retry-after': '1', ...refusedAsFull(service.name) }
    return new Problem(503, 'OVERLOADED', 'Too much is being worked on; nothing was done.', {
      headers,
    })
  }
  return {
    enter: async (route, request, response) => {
      // A response that has closed does so only once: its place would never be free again.
      if (patienceMs === 0 || response.closed) return
      const isFull = requests >= limits.requests || bytes >= limits.bytes || line.isSlow()
      if (isFull) throw refused()
      const size = bodyBytes(route, request)
      requests += 1
      bytes += size
      response.once('close', () => {
        requests -= 1
        bytes -= size
      })
      if (!(await line.turn())) throw refused()
    },
  }
}

/** Work of one round of the event loop, after which sockets have their turn: of the broker, of stores, of clients. */
const roundMs = 10

interface Turn {
  /** In the queue's time. */
  readonly since: number
  readonly come: (inTime: boolean) => void
}

/**
 * Requests in the order in which they came, a few in each round of the event loop. Without it a loop takes all that have
 * arrived before it looks at an answer of a store, and what waits does so in the kernel, where nobody sees how long.
 *
 * The time that somebody may wait is short while somebody always does, and long for a burst: the controlled delay of
 * B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015.
 */
function queue(patienceMs: number) {
  const waiting: Turn[] = []
  /** When the work of this round began; undefined before its first request. */
  let began: number | undefined
  /** The queue's own time: what its rounds have taken. */
  let time = 0
  /** Since when somebody has always waited. */
  let standing = 0
  const allowedMs = (): number =>
    time - standing > patienceMs ? patienceMs / standingShare : patienceMs
  const isLate = ({ since }: Turn): boolean => time - since > allowedMs()
  const round = (): void => {
    time += Math.min(performance.now() - (began ?? 0), longestRoundMs)
    began = undefined
    const next = waiting.shift()
    if (next === undefined) return
    begin()
    next.come(!isLate(next))
  }
  const begin = (): void => {
    began = performance.now()
    setImmediate(round)
  }
  return {
    /** Whether the first in the queue has waited for so long that nobody may join. */
    isSlow: (): boolean => waiting[0] !== undefined && isLate(waiting[0]),
    /** @returns false if it has come too late */
    turn: (): Promise<boolean> | true => {
      if (began === undefined) begin()
      const isFree = waiting.length === 0 && performance.now() - (began ?? 0) <= roundMs
      if (isFree) return true
      if (waiting.length === 0) standing = time
      return new Promise((come) => waiting.push({ since: time, come }))
    },
  }
}

/** A round that took longer stood still for other reasons, such as a machine that was busy with others. */
const longestRoundMs = 50

/** The share of the patience that is left in a queue that does not empty. */
const standingShare = 5

/** What a body will take: as announced, or the most that the route reads of one that comes in chunks. */
function bodyBytes({ body, maxBodyBytes }: Route, { headers }: IncomingMessage): number {
  if (!body) return 0
  const announced = Number(headers['content-length'] ?? maxBodyBytes)
  return Math.min(Number.isFinite(announced) ? announced : maxBodyBytes, maxBodyBytes)
}
