import type { Route } from '../model/route.ts'

/** One request to another service. */
export interface ClientRequest {
  /** A route of the callee's api, or a method and a path with `:names` in it. */
  readonly to: Pick<Route, 'method' | 'path'>
  readonly params?: Readonly<Record<string, string | number>>
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Aborts when the caller's own client goes away. */
  readonly signal?: AbortSignal
}

/** A 2xx or 3xx answer; `body` is parsed JSON, or text of another type, or undefined when there is none. */
export interface ClientReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}
