import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import type { Middleware } from 'koa'
import { v7 as uuid } from 'uuid'
import { histogram, httpServerRequests, latencySeconds, type Metric } from '../model/metric.ts'
import type { Service } from '../model/service.ts'
import { setHeaders } from './answer-headers.ts'
import type { Context } from './context.ts'
import { Problem, problemBody } from './problem.ts'
import { activeTraceId, contextFrom, inSpan } from './spans.ts'

/** What the middleware keeps of a request. */
export interface RequestState {
  requestId: string
  /** Route template, set by whoever matched the route; `unmatched` otherwise. */
  uri: string
  startedAt: number
}

/** The metric of every HTTP server; the service's SLO target is one of its buckets. */
export const serverRequests = (service: Service): Metric<'method' | 'uri' | 'status'> =>
  histogram<'method' | 'uri' | 'status'>(httpServerRequests, {
    help: 'Time to answer an HTTP request',
    labels: { method: [], uri: [], status: [] },
    buckets: [...new Set([...latencySeconds, service.slo.latency.p95Ms / 1000])].sort(
      (a, b) => a - b,
    ),
  })

/** Request ids of clients are kept when they are short and plain, otherwise replaced. */
const plainId = /^[A-Za-z0-9._:-]{1,64}$/

/** Status of a request whose client went away, as nginx logs it; nobody receives it. */
export const clientClosedRequest = 499

/** Gives a request its id and starts its clock. */
export const identify: Middleware = async (ctx, next) => {
  const given = ctx.get('x-request-id')
  const state = ctx.state as RequestState
  state.requestId = plainId.test(given) ? given : uuid()
  state.uri = 'unmatched'
  state.startedAt = performance.now()
  setHeaders(ctx.res, { 'x-request-id': state.requestId, 'x-content-type-options': 'nosniff' })
  await next()
}

/** Server span, metric and log line of every request. */
export function observe(context: Context): Middleware {
  const { meter, log, tracer } = context
  const requests = declaredRequests(context)
  // Nothing of a request's line is a secret, and looking for them costs several times what the line does.
  const lines = log.child({}, { redact: [] })
  return async (ctx, next) => {
    const parent = contextFrom(ctx.get('traceparent') || undefined)
    const attributes = { 'http.request.method': ctx.method, 'url.path': ctx.path }
    await inSpan(
      tracer,
      ctx.method,
      { kind: SpanKind.SERVER, parent, attributes },
      async (span) => {
        setHeaders(ctx.res, { 'x-trace-id': span.spanContext().traceId })
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
        if (ctx.status >= 500) lines.error(line, 'request')
        // Who looks at a trace wants its lines; the rest would be a line per request of a load.
        else
          lines[span.spanContext().traceFlags & TraceFlags.SAMPLED ? 'info' : 'debug'](
            line,
            'request',
          )
      },
    )
  }
}

/** The metric, with what each route answers at 0: the first request of a route would otherwise be no rise. */
function declaredRequests({ meter, service }: Context) {
  const requests = serverRequests(service)
  meter.register(requests)
  for (const { method, path: uri, answers } of Object.values(service.api))
    for (const status of Object.keys(answers)) meter.zero(requests, { method, uri, status })
  return requests
}

/** Answers every error as a problem. */
export function problems(context: Context): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined)
        throw new Problem(404, 'NOT_FOUND', `There is nothing at ${ctx.path}.`)
    } catch (error) {
      const problem = error instanceof Problem ? error : unexpected(context, error)
      const { requestId } = ctx.state as RequestState
      ctx.status = problem.status
      setHeaders(ctx.res, problem.headers)
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
