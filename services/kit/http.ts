import Router from '@koa/router'
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import Koa, { type Middleware } from 'koa'
import { v7 as uuid } from 'uuid'
import type { z } from 'zod'
import { histogram, latencySeconds, type Metric } from '../model/metric.ts'
import type { Api, Route } from '../model/route.ts'
import type { Service } from '../model/service.ts'
import { createVerifier, requireScope, type Claims, type Verifier } from './auth.ts'
import { readBody } from './body.ts'
import type { Context } from './context.ts'
import { openApi } from './openapi.ts'
import { listen, type Listening } from './listen.ts'
import { invalid, Problem, problemBody } from './problem.ts'
import { activeTraceId, contextFrom, inSpan } from './spans.ts'

/** What a handler is given: parsed and checked input only. */
export interface Call<R extends Route = Route> {
  readonly params: R extends Route<infer Params, unknown, unknown> ? Params : never
  readonly query: R extends Route<unknown, infer Query, unknown> ? Query : never
  readonly body: R extends Route<unknown, unknown, infer Body> ? Body : never
  /** Present on every route that is not public. */
  readonly claims: Claims | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly requestId: string
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
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

/** What the middleware keeps of a request. */
export interface RequestState {
  requestId: string
  /** Route template, set by whoever matched the route; `unmatched` otherwise. */
  uri: string
  startedAt: number
}

/** The metric of every HTTP server; the service's SLO target is one of its buckets. */
export const serverRequests = (service: Service): Metric<'method' | 'uri' | 'status'> =>
  histogram<'method' | 'uri' | 'status'>('http_server_requests_seconds', {
    help: 'Time to answer an HTTP request',
    labels: { method: [], uri: [], status: [] },
    buckets: [...new Set([...latencySeconds, service.slo.latency.p95Ms / 1000])].sort(
      (a, b) => a - b,
    ),
  })

/**
 * Serves an api: per route verify → scope → parse → handler. Also serves `/openapi.json`.
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
  router.get('/openapi.json', (ctx) => {
    ctx.state.uri = '/openapi.json'
    ctx.body = openApi(context.service)
  })
  for (const [name, route] of Object.entries(api)) {
    const handle = handlers[name] as (call: Call) => Promise<Reply> | Reply
    router.register(route.path, [route.method], [operation(route, handle, tokens)])
  }
  const routes = router.routes()
  const refuse = notAllowed(router)
  return (ctx, next) => routes(ctx as never, () => refuse(ctx, next) as Promise<void>)
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

/** Listens on the service's public port and stops with the service. */
export async function listenApp(context: Context, app: Koa): Promise<Listening> {
  const { config, life } = context
  const listening = await listen(app.callback(), {
    host: config.text('HOST'),
    port: config.number('PORT'),
  })
  life.onStop('accept', 'http', () => listening.close())
  return listening
}

function operation(
  route: Route,
  handle: (call: Call) => Promise<Reply> | Reply,
  verifier: Verifier | undefined,
): Middleware {
  return async (ctx) => {
    ctx.state.uri = route.path
    const claims = await admit(route, ctx.get('authorization'), verifier)
    const abort = new AbortController()
    // A request closes as soon as its body is read; only the response tells that the client went away.
    ctx.res.once('close', () => ctx.res.writableFinished || abort.abort())
    const reply = await handle({
      params: parse('params', route.params, { ...(ctx.params as Record<string, string>) }),
      query: parse('query', route.query, { ...ctx.query }),
      body: parse('body', route.body, route.body ? await readBody(ctx.req, route) : undefined),
      claims,
      headers: ctx.headers,
      requestId: (ctx.state as RequestState).requestId,
      signal: abort.signal,
    } as Call)
    send(ctx, reply)
  }
}

async function admit(
  route: Route,
  authorization: string,
  verifier: Verifier | undefined,
): Promise<Claims | undefined> {
  if (route.access === 'public' || !verifier) return undefined
  const claims = await verifier.verify(authorization)
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
  ctx.set(reply.headers ?? {})
  if (reply.body !== undefined) ctx.body = reply.body
  else {
    ctx.body = null
    ctx.status = reply.status
  }
}

/** Request ids of clients are kept when they are short and plain, otherwise replaced. */
const plainId = /^[A-Za-z0-9._:-]{1,64}$/

const identify: Middleware = async (ctx, next) => {
  const given = ctx.get('x-request-id')
  const state = ctx.state as RequestState
  state.requestId = plainId.test(given) ? given : uuid()
  state.uri = 'unmatched'
  state.startedAt = performance.now()
  ctx.set('x-request-id', state.requestId)
  ctx.set('x-content-type-options', 'nosniff')
  await next()
}

function observe(context: Context): Middleware {
  const { meter, log, tracer } = context
  const requests = serverRequests(context.service)
  meter.register(requests)
  return async (ctx, next) => {
    const parent = contextFrom(ctx.get('traceparent') || undefined)
    const attributes = { 'http.request.method': ctx.method, 'url.path': ctx.path }
    await inSpan(
      tracer,
      ctx.method,
      { kind: SpanKind.SERVER, parent, attributes },
      async (span) => {
        ctx.set('x-trace-id', span.spanContext().traceId)
        await next()
        const { uri, startedAt, requestId } = ctx.state as RequestState
        const seconds = (performance.now() - startedAt) / 1000
        span.updateName(`${ctx.method} ${uri}`)
        span.setAttributes({ 'http.route': uri, 'http.response.status_code': ctx.status })
        if (ctx.status >= 500)
          span.setStatus({ code: SpanStatusCode.ERROR, message: String(ctx.status) })
        meter.observe(requests, { method: ctx.method, uri, status: String(ctx.status) }, seconds)
        const line = {
          requestId,
          method: ctx.method,
          path: ctx.path,
          status: ctx.status,
          ms: Math.round(seconds * 1000),
        }
        if (ctx.status >= 500) log.error(line, 'request')
        // Who looks at a trace wants its lines; the rest would be a line per request of a load.
        else
          log[span.spanContext().traceFlags & TraceFlags.SAMPLED ? 'info' : 'debug'](
            line,
            'request',
          )
      },
    )
  }
}

function problems(context: Context): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined)
        throw new Problem(404, 'NOT_FOUND', `There is nothing at ${ctx.path}.`)
    } catch (error) {
      const problem = error instanceof Problem ? error : unexpected(context, error)
      const { requestId } = ctx.state as RequestState
      ctx.status = problem.status
      ctx.set({ ...problem.headers })
      ctx.type = 'application/problem+json'
      ctx.body = JSON.stringify(
        problemBody(problem, { path: ctx.path, requestId, traceId: activeTraceId() }),
      )
    }
  }
}

/** A bug or an outage that nobody named: the client learns the trace id and nothing else. */
function unexpected(context: Context, error: unknown): Problem {
  context.log.error({ err: error }, 'unexpected error')
  return new Problem(500, 'INTERNAL_ERROR', 'Something went wrong; the trace id finds it.')
}

function notAllowed(router: Router): Middleware {
  return async (ctx) => {
    const { path } = router.match(ctx.path, ctx.method)
    if (path.length === 0) return
    const allow = [...new Set(path.flatMap((layer) => layer.methods))].join(', ')
    throw new Problem(405, 'METHOD_NOT_ALLOWED', `${ctx.path} answers ${allow}.`, {
      headers: { allow },
    })
  }
}
