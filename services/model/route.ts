import type { z } from 'zod'
import type { Scope } from './scope.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One answer that a route documents. */
export interface Answer {
  readonly summary: string
  readonly schema?: z.ZodType
  /** Response headers with what they hold. */
  readonly headers?: Readonly<Record<string, string>>
  /** Defaults to `application/json`. */
  readonly contentType?: string
}

/** How a body arrives. `csv` gives the handler the text as it came. */
export type BodyEncoding = 'json' | 'form' | 'csv'

/**
 * Which spellings of a number a JSON body may have. `integers`: digits only; what is spelled otherwise (`1.0`, `1e3`)
 * reaches the schema as its text, so that no amount of money is read from something else.
 */
export type NumberSpelling = 'any' | 'integers'

/** One HTTP operation: everything that validation, the gateway and OpenAPI need to know of it. */
export interface Route<Params = unknown, Query = unknown, Body = unknown> {
  readonly kind: 'route'
  readonly method: Method
  /** Koa-router path, e.g. `/catalog/:id`; also the `uri` label of its metrics. */
  readonly path: string
  readonly summary: string
  /** Who may call it; `public` asks for no token. */
  readonly access: Scope | 'public'
  readonly params?: z.ZodType<Params>
  readonly query?: z.ZodType<Query>
  readonly body?: z.ZodType<Body>
  readonly encoding: BodyEncoding
  readonly numbers: NumberSpelling
  readonly maxBodyBytes: number
  readonly answers: Readonly<Record<number, Answer>>
  /** Statuses of problems that its handler may answer with, beside those that follow from the rest of the declaration. */
  readonly problems: readonly number[]
}

export type Api = Readonly<Record<string, Route>>

type Declared<Params, Query, Body> = {
  summary: string
  access: Scope | 'public'
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  body?: z.ZodType<Body>
  encoding?: BodyEncoding
  numbers?: NumberSpelling
  maxBodyBytes?: number
  answers: Readonly<Record<number, Answer>>
  problems?: readonly number[]
}

/** Body limit of a route that declares none (reliability baseline: 64 KiB). */
export const defaultBodyBytes = 65_536

/**
 * Declares a route, e.g. `route('GET /catalog/:id', { … })`. Problems that the kit answers with (wrong input, no token,
 * too much) need no entry; it documents them by what is declared.
 * @param declared `encoding` defaults to json, `numbers` to any, `maxBodyBytes` to 64 KiB, `problems` to none
 */
export function route<Params = undefined, Query = undefined, Body = undefined>(
  line: `${Method} /${string}`,
  declared: Declared<Params, Query, Body>,
): Route<Params, Query, Body> {
  const [method, path] = line.split(' ') as [Method, string]
  return {
    kind: 'route',
    method,
    path,
    encoding: 'json',
    numbers: 'any',
    maxBodyBytes: defaultBodyBytes,
    problems: [],
    ...declared,
  }
}
