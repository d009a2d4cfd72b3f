import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { isRefusal } from '../../kit/proxy-status.ts'
import type { Upstream } from './upstreams.ts'

/** What is sent, the same at each attempt. */
export interface Forwarded {
  readonly method: string
  /** Normalised path and query. */
  readonly path: string
  /** Name, value, name, value. */
  readonly headers: readonly string[]
  readonly body: Buffer | undefined
}

/** How one attempt ended. */
export type Outcome =
  /** The whole answer was passed on. `isFailure`: it speaks against the service. */
  | { readonly kind: 'passed'; readonly status: number; readonly isFailure: boolean }
  /** An answer that was thrown away because another attempt will be made. */
  | { readonly kind: 'dropped'; readonly status: number; readonly isFailure: boolean }
  /** `begun`: a part of the answer is with the client already. */
  | { readonly kind: 'failed'; readonly error: Error; readonly begun: boolean }

/** Where an answer goes. */
export interface Sink {
  readonly response: ServerResponse
  /** Asked once per answer, before anything is passed on. */
  drop(status: number): boolean
  /** Writes the head of the answer. */
  begin(status: number, headers: IncomingHttpHeaders): void
}

/** One request under way. */
export interface Attempt {
  readonly outcome: Promise<Outcome>
  /** Whether it waits for the client, which reads slowly. */
  heldBack(): boolean
  /** Ends it: the connection to the upstream is cut. */
  abort(reason: Error): void
}

/** Sends one request and passes its answer on as it comes, no faster than the client reads. */
export function attempt(upstream: Upstream, forwarded: Forwarded, sink: Sink): Attempt {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const { response } = sink
  let controller: Dispatcher.DispatchController | undefined
  let aborted: Error | undefined
  let status = 0
  let isFailure = false
  let dropping = false
  const fail = (error: Error): void =>
    resolve({ kind: 'failed', error, begun: status > 0 && !dropping })

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (started) => {
      controller = started
      if (aborted) started.abort(aborted)
    },
    onResponseStart: (_, code, headers) => {
      if (code < 200 || aborted) return
      // Refusals may end a connection for the client's sake.
      if (code < 400 && headers['connection'] === 'close') upstream.leaving()
      dropping = sink.drop(code)
      if (!dropping) sink.begin(code, headers)
      status = code
      isFailure = code >= 500 && !isRefusal(code, headers)
    },
    onResponseData: (reading, chunk) => {
      if (dropping || response.write(chunk)) return
      reading.pause()
      response.once('drain', () => reading.resume())
    },
    onResponseEnd: () => {
      if (!dropping) response.end()
      resolve({ kind: dropping ? 'dropped' : 'passed', status, isFailure })
    },
    onResponseError: (_, error) => fail(error),
  }
  upstream.pool.dispatch(
    {
      ...forwarded,
      headers: forwarded.headers as string[],
      body: forwarded.body ?? null,
    } as Dispatcher.DispatchOptions,
    handler,
  )

  return {
    outcome: promise,
    heldBack: () => controller?.paused === true,
    abort: (reason) => {
      aborted = reason
      controller?.abort(reason)
      fail(reason)
    },
  }
}
