import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'undici'
import type { BreakerPolicy, BreakerState } from '../model/breaker.ts'
import { gatewayBreaker, type Retries } from '../model/edge.ts'
import type { Service } from '../model/service.ts'
import { serviceVariableName } from './bindings.ts'
import { breaker, type Breaker } from './breaker.ts'
import { exchange, isAnswer, UpstreamError, type Exchange } from './client-exchange.ts'
import type { ClientReply, ClientRequest } from './client-message.ts'
import type { Context } from './context.ts'
import { idleConnectionMs } from './listen.ts'
import { Problem, unavailable } from './problem.ts'
import type { TokenSource } from './token.ts'

export { ServerFailure, UpstreamError } from './client-exchange.ts'

/** What may be set per callee. */
export interface ClientOptions {
  /** Total over all attempts; the callee's edge says it by default, else 2 s. */
  readonly timeLimitMs?: number
  /** Repeats GETs that failed on the way or with a 5xx, within the time limit. None by default. */
  readonly retries?: Retries
  /** The callee's edge says it by default; `name` is the callee's unless several clients of it have their own. */
  readonly breaker?: Partial<BreakerPolicy> & { readonly name?: string }
  /** An answer above this is not read; 4 MiB by default. */
  readonly maxReplyBytes?: number
  /** Requests that are under way at once, others wait within their time limit; 32 by default. */
  readonly connections?: number
  /** Puts a bearer token of this service on every request that has no `authorization`. */
  readonly token?: TokenSource
}

/** Speaks HTTP with one other service. */
export interface HttpClient extends Requests {
  readonly breaker: { readonly state: BreakerState }
  /**
   * The breaker's leave for one request, for those who must know that it may pass before they prepare it. It is used
   * once, or given back.
   * @throws Problem 503 `BREAKER_OPEN`
   */
  admit(): Requests & { release(): void }
}

interface Requests {
  /**
   * @throws UpstreamError for a 4xx, with its status and body
   * @throws Problem 503 `UPSTREAM_UNAVAILABLE`, `TIMEOUT` or `BREAKER_OPEN` with `Retry-After` for everything else; the
   *   cause of the first is a ServerFailure where the callee answered 5xx
   */
  request(request: ClientRequest): Promise<ClientReply>
}

const defaultTimeLimitMs = 2000
const defaultReplyBytes = 4_194_304
export const defaultConnections = 32

/**
 * Client of a service that the declaration names in `calls`: pool, total time limit, breaker, trace and service map.
 * 4xx answers and refusals for somebody further on say nothing against the callee; time-outs, broken connections and
 * other 5xx count as failures.
 */
export function client(context: Context, callee: Service, options: ClientOptions = {}): HttpClient {
  const base = new URL(context.config.text(serviceVariableName(callee.name)))
  const timeLimitMs = options.timeLimitMs ?? callee.edge?.timeLimitMs ?? defaultTimeLimitMs
  const pool = new Pool(base.origin, {
    connections: options.connections ?? defaultConnections,
    pipelining: 1,
    keepAliveTimeout: idleConnectionMs,
    keepAliveMaxTimeout: idleConnectionMs,
    connect: { timeout: timeLimitMs },
  })
  context.life.onStop('stores', `client ${callee.name}`, () => pool.close())
  const { name = callee.name, ...wished } = options.breaker ?? {}
  const policy = { ...(callee.edge?.breaker ?? gatewayBreaker(timeLimitMs)), ...wished }
  const guard = breaker(context, name, policy, {
    timeLimitMs,
    failed: (ending) => 'error' in ending && !isAnswer(ending.error),
  })
  const send = exchange(context, callee, {
    pool,
    base,
    maxReplyBytes: options.maxReplyBytes ?? defaultReplyBytes,
  })
  const asking =
    ({ run }: Pick<Breaker, 'run'>): HttpClient['request'] =>
    async (request) => {
      // Outside of the breaker: an issuer that is away says nothing about the callee.
      const signed = await withToken(request, options.token)
      const work = (signal: AbortSignal) => repeated(send, { ...signed, signal }, options.retries)
      try {
        return await run(work, request.signal)
      } catch (error) {
        if (error instanceof Problem) throw error
        if (!(error instanceof UpstreamError)) throw away(callee, error)
        if (error.status === 401) options.token?.drop()
        throw error
      }
    }
  return {
    breaker: guard,
    request: asking(guard),
    admit: () => {
      const admission = guard.admit()
      const request = asking(admission)
      return {
        // Given back where it was not used, because no token was to be had.
        request: (wish) => request(wish).finally(admission.release),
        release: admission.release,
      }
    },
  }
}

async function withToken(
  request: ClientRequest,
  token: TokenSource | undefined,
): Promise<ClientRequest> {
  if (!token || request.headers?.['authorization']) return request
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${await token()}` } }
}

const away = (callee: Service, error: unknown): Problem =>
  unavailable(
    'UPSTREAM_UNAVAILABLE',
    `${callee.name} does not answer at the moment; try again.`,
    1,
    error,
  )

/** Full jitter between attempts (AWS architecture blog), so that callers do not come back together. */
async function repeated(
  send: Exchange,
  request: ClientRequest & { signal: AbortSignal },
  retries: Retries | undefined,
): Promise<ClientReply> {
  const { signal } = request
  const repeatable = request.to.method === 'GET' ? (retries?.attempts ?? 0) : 0
  for (let failures = 0; ; failures += 1) {
    try {
      return await send(request)
    } catch (error) {
      if (failures >= repeatable || signal.aborted || isAnswer(error)) throw error
      const { firstBackoffMs = 0, maxBackoffMs = 0 } = retries ?? {}
      await pause(
        Math.random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** failures),
        undefined,
        { signal },
      )
    }
  }
}
