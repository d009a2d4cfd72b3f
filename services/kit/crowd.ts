import type { IncomingMessage, ServerResponse } from 'node:http'
import { counter } from '../model/metric.ts'
import type { Route } from '../model/route.ts'
import type { Context } from './context.ts'
import { unavailable } from './problem.ts'

/**
 * What one process works on at once; `bytes` are of bodies, and four of the largest that anybody may send. Memory is
 * bounded by them, and by the time that the event loop may be behind.
 */
export const crowdLimits = { requests: 256, bytes: 4 * 1024 * 1024 }

export const refusedInCrowd = counter('http_requests_shed_total', {
  help: 'Requests that were refused with 503 because too many were being worked on',
})

/** The requests that are being worked on. */
export interface Crowd {
  /**
   * Lets a request in until its response closes, however large it is, unless those inside have reached a limit.
   * @throws Problem 503 `OVERLOADED` before anything of the body is read
   */
  enter(route: Route, request: IncomingMessage, response: ServerResponse): void
}

/**
 * Watches over the requests of one process.
 * @param limits of its own, for tests
 */
export function crowd(
  { meter, config, life }: Pick<Context, 'meter' | 'config' | 'life'>,
  limits = crowdLimits,
): Crowd {
  meter.register(refusedInCrowd)
  const waited = waiting(life.signal)
  const patienceMs = config.number('OVERLOAD_AFTER_MS')
  let requests = 0
  let bytes = 0
  return {
    enter: (route, request, response) => {
      const full = requests >= limits.requests || bytes >= limits.bytes || waited() > patienceMs
      if (full && patienceMs > 0) {
        meter.add(refusedInCrowd, undefined)
        throw unavailable('OVERLOADED', 'Too much is being worked on; nothing was done.')
      }
      const size = bodyBytes(route, request)
      requests += 1
      bytes += size
      response.once('close', () => {
        requests -= 1
        bytes -= size
      })
    },
  }
}

const tickMs = 20

/**
 * Milliseconds since the event loop last came round. Work that needs the processor leaves no queue in the process: its
 * requests wait in the kernel until the loop has done the others, and this long at least.
 */
function waiting(signal: AbortSignal): () => number {
  let at = performance.now()
  const timer = setInterval(() => (at = performance.now()), tickMs).unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  return () => performance.now() - at
}

/** What a body will take: as announced, or the most that the route reads of one that comes in chunks. */
function bodyBytes({ body, maxBodyBytes }: Route, { headers }: IncomingMessage): number {
  if (!body) return 0
  const announced = Number(headers['content-length'] ?? maxBodyBytes)
  return Math.min(Number.isFinite(announced) ? announced : maxBodyBytes, maxBodyBytes)
}
