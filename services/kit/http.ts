import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import type { Api, Route } from '../model/route.ts'
import type { Service } from '../model/service.ts'
import { setHeaders } from './answer-headers.ts'
import { asyncApi, hasMessages } from './asyncapi.ts'
import { createVerifier, credentialOf, requireScope, type Claims, type Verifier } from './auth.ts'
import { readBody } from './body.ts'
import type { Context } from './context.ts'
import { crowd, type Crowd } from './crowd.ts'
import { openApi } from './openapi.ts'
import { listen, type Listening } from './listen.ts'
import {
  clientClosedRequest,
  identify,
  observe,
  problems,
  type RequestState,
} from './http-observe.ts'
import { invalid, Problem } from './problem.ts'
import { readQuery } from './query.ts'
import { answerRefused } from './refused-connections.ts'
import { located } from './unstorable.ts'

/** What a handler is given: parsed and checked input only. */
export interface Call<R extends Route = Route> {
  readonly params: R extends Route<infer Params, unknown, unknown> ? Params : never
  readonly query: R extends Route<unknown, infer Query, unknown> ? Query : never
  readonly body: R extends Route<unknown, unknown, infer Body> ? Body : never
  /** Present on every route that is not public. */
  readonly claims: Claims | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly requestId: string
  /** Made when it is asked for, which few do on hot paths: aborts when the client goes away. */
  signal(): AbortSignal
}

/** What a handler answers. `body` undefined sends none. */
export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** One handler per route of an api, by the same name. */
export type Handlers<A extends Api> = {
  readonly [K in keyof A]: (call: Call<A[K]>) => Promise<Reply> | Reply
}

/**
 * Serves an api: per route verify → scope → parse → handler. Also serves its documents.
 * @param verifier defaults to one against `AUTH_JWKS_URI`; the issuer passes its own
 */
export async function serve<A extends Api>(
  context: Context,
  api: A,
  handlers: Handlers<A>,
  verifier?: Verifier,
): Promise<Listening> {
  const app = createApp(context)
  app.use(routed(context, api, handlers, verifier))
  return listenApp(context, app)
}

/** The routes of an api as one middleware, for a service that puts something before them. */
export function routed<A extends Api>(
  context: Context,
  api: A,
  handlers: Handlers<A>,
  verifier?: Verifier,
): Middleware {
  const router = new Router()
  const guarded = Object.values(api).some((route) => route.access !== 'public')
  const tokens = verifier ?? (guarded ? createVerifier(context) : undefined)
  const inside = crowd(context)
  for (const [path, describe] of Object.entries(documentsOf(context.service))) {
    router.get(path, (ctx) => {
      ctx.state.uri = path
      ctx.body = describe(context.service)
    })
  }
  for (const [name, route] of Object.entries(api)) {
    const handle = handlers[name] as (call: Call) => Promise<Reply> | Reply
    router.register(route.path, [route.method], [operation(route, handle, { tokens, inside })])
  }
  const routes = router.routes()
  const refuse = notAllowed(router)
  const fixed = fixedPaths(api)
  return (ctx, next) => {
    const methods = fixed.get(ctx.path)
    if (methods && !methods.includes(ctx.method)) throw methodNotAllowed(ctx.path, methods)
    return routes(ctx as never, () => refuse(ctx, next) as Promise<void>)
  }
}

/** What a service says of itself when it is asked, by path; AsyncAPI where it speaks Kafka. */
const documentsOf = (service: Service): Readonly<Record<string, typeof asyncApi>> => ({
  '/openapi.json': openApi,
  ...(hasMessages(service) && { '/asyncapi.json': asyncApi }),
})

/** Methods of each path without parameters: `/things/new` is never the thing called new, whatever the method. */
function fixedPaths(api: Api): ReadonlyMap<string, readonly string[]> {
  const fixed = new Map<string, string[]>()
  for (const { path, method } of Object.values(api)) {
    if (path.includes('/:')) continue
    const methods = method === 'GET' ? ['GET', 'HEAD'] : [method]
    fixed.set(path, [...(fixed.get(path) ?? []), ...methods])
  }
  return fixed
}

/** A koa application with what every answer of the platform has: request id, trace, metrics, log, problems. */
export function createApp(context: Context): Koa {
  const app = new Koa()
  app.silent = true
  app.use(identify)
  app.use(observe(context))
  app.use(problems(context))
  return app
}

/**
 * Listens on the service's public port and stops with the service.
 * @param headers of answers to what is no request at all; none by default
 */
export async function listenApp(
  context: Context,
  app: Koa,
  headers: Readonly<Record<string, string>> = {},
): Promise<Listening> {
  const { config, life } = context
  const at = { host: config.text('HOST'), port: config.number('PORT') }
  const listening = await listen(app.callback(), at, () => life.state === 'stopping')
  answerRefused(listening.server, headers)
  life.onStop('accept', 'http', () => listening.close())
  return listening
}

function operation(
  route: Route,
  handle: (call: Call) => Promise<Reply> | Reply,
  { tokens, inside }: { readonly tokens: Verifier | undefined; readonly inside: Crowd },
): Middleware {
  return async (ctx) => {
    ctx.state.uri = route.path
    const claims = await admit(route, ctx.req, tokens)
    // Only known clients take up room here, and they are cut off when they send slowly.
    await inside.enter(route, ctx.req, ctx.res)
    if (isGone(ctx.res)) return void (ctx.status = clientClosedRequest)
    const body = route.body ? await readBody(ctx.req, route) : undefined
    const call = {
      params: parse('params', route.params, { ...(ctx.params as Record<string, string>) }),
      query: parse('query', route.query, route.query ? readQuery(ctx) : undefined),
      body: parse('body', route.body, body),
      claims,
      headers: ctx.headers,
      requestId: (ctx.state as RequestState).requestId,
      signal: () => whileThere(ctx.res),
    } as Call
    send(ctx, await answered(handle, call))
  }
}

async function answered(handle: (call: Call) => Promise<Reply> | Reply, call: Call) {
  try {
    return await handle(call)
  } catch (error) {
    throw located(error, call)
  }
}

/** A request closes as soon as its body is read; only the response tells that the client went away. */
const isGone = ({ closed, writableFinished }: ServerResponse): boolean =>
  closed && !writableFinished

function whileThere(response: ServerResponse): AbortSignal {
  const abort = new AbortController()
  const look = (): void => void (isGone(response) && abort.abort())
  response.once('close', look)
  look()
  return abort.signal
}

async function admit(
  route: Route,
  request: IncomingMessage,
  verifier: Verifier | undefined,
): Promise<Claims | undefined> {
  if (route.access === 'public' || !verifier) return undefined
  const claims = await verifier.verify(credentialOf(request))
  requireScope(claims, route.access)
  return claims
}

function parse(part: string, schema: z.ZodType | undefined, input: unknown): unknown {
  if (!schema) return undefined
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw invalid(part, parsed.error, input)
  return parsed.data
}

function send(ctx: Koa.Context, reply: Reply): void {
  ctx.status = reply.status
  setHeaders(ctx.res, reply.headers ?? {})
  if (reply.body !== undefined) ctx.body = reply.body
  else {
    ctx.body = null
    ctx.status = reply.status
  }
}

function notAllowed(router: Router): Middleware {
  return async (ctx) => {
    const { path } = router.match(ctx.path, ctx.method)
    if (path.length === 0) return
    throw methodNotAllowed(ctx.path, [...new Set(path.flatMap((layer) => layer.methods))])
  }
}

function methodNotAllowed(path: string, methods: readonly string[]): Problem {
  const allow = methods.join(', ')
  return new Problem(405, 'METHOD_NOT_ALLOWED', `${path} answers ${allow}.`, {
    headers: { allow },
  })
}
