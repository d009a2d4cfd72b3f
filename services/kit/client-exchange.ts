import { SpanStatusCode } from '@opentelemetry/api'
import type { Pool } from 'undici'
import type { Service } from '../model/service.ts'
import type { ClientReply, ClientRequest } from './client-message.ts'
import type { Context } from './context.ts'
import { countEdge } from './edges.ts'
import { Problem } from './problem.ts'
import { isRefusal, refusedFor } from './proxy-status.ts'
import { inSpan, SpanKind, traceparentOf, type Span } from './spans.ts'

/** Another service refused the request: its answer, for the caller to translate or to pass on. */
export class UpstreamError extends Error {
  readonly code = 'UPSTREAM_REFUSED'
  readonly status: number
  /** Parsed JSON, or text. */
  readonly body: unknown
  readonly headers: ClientReply['headers']
  constructor(service: string, { status, body, headers }: ClientReply) {
    super(`${service} answered ${status}.`)
    this.name = 'UpstreamError'
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/**
 * Another service is well and cannot do it: it is full, or leaves somebody further on alone. As a problem it is that
 * service's 503; its cause is a ServerFailure, as of other answers with 5xx.
 */
export class RefusedError extends Problem {
  constructor(service: string, callee: string, reply: ClientReply) {
    const retryAfter = String(reply.headers['retry-after'] ?? '1')
    super(503, 'UPSTREAM_UNAVAILABLE', `${callee} cannot do it at the moment; try again.`, {
      headers: { 'retry-after': retryAfter, ...refusedFor(service, callee) },
      cause: new ServerFailure(callee, reply),
    })
    this.name = 'RefusedError'
  }
}

/** A 5xx: the callee's fault. What it said is for those who know its contract. */
export class ServerFailure extends Error {
  readonly status: number
  /** Parsed JSON, or text. */
  readonly body: unknown
  constructor(service: string, { status, body }: ClientReply) {
    super(`${service} answered ${status}.`)
    this.name = 'ServerFailure'
    this.status = status
    this.body = body
  }
}

/**
 * One request and its answer. Rejects for a 4xx with UpstreamError, for a refusal with RefusedError, for other 5xx with
 * ServerFailure, for a broken connection with Error.
 */
export type Exchange = (request: ClientRequest) => Promise<ClientReply>

interface Place {
  readonly pool: Pool
  readonly base: URL
  readonly maxReplyBytes: number
}

/** Sends single requests: client span, `traceparent`, service map, size cap. */
export function exchange(context: Context, callee: Service, place: Place): Exchange {
  const { base } = place
  const edge = { server: callee.name, type: '' } as const
  return (request) => {
    const { method, path } = request.to
    const attributes = {
      'http.request.method': method,
      'url.template': path,
      'url.path': path,
      'server.address': base.hostname,
      'server.port': Number(base.port || 80),
      'service.peer.name': callee.name,
    }
    return inSpan(
      context.tracer,
      `${method} ${path}`,
      { kind: SpanKind.CLIENT, attributes },
      async (span) => {
        try {
          const reply = await ask(place, request, span)
          countEdge(context, edge, reply.status >= 500)
          return accepted(context, callee, reply)
        } catch (error) {
          if (!isAnswer(error) && !(error instanceof ServerFailure)) countEdge(context, edge, true)
          throw error
        }
      },
    )
  }
}

async function ask(place: Place, request: ClientRequest, span: Span): Promise<ClientReply> {
  const { to, body, signal } = request
  const traceparent = traceparentOf()
  const {
    statusCode,
    headers,
    body: stream,
  } = await place.pool.request({
    method: to.method,
    path: place.base.pathname.replace(/\/$/, '') + pathOf(request),
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(traceparent && { traceparent }),
      ...request.headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  })
  span.setAttribute('http.response.status_code', statusCode)
  if (statusCode >= 400) span.setStatus({ code: SpanStatusCode.ERROR })
  const text = await readText(stream, place.maxReplyBytes)
  return { status: statusCode, headers, body: parsed(text, String(headers['content-type'] ?? '')) }
}

/** Whether the callee answered as it should, though not with what was asked for: that says nothing against it. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof UpstreamError || error instanceof RefusedError

function accepted({ service }: Context, callee: Service, reply: ClientReply): ClientReply {
  if (isRefusal(reply.status, reply.headers))
    throw new RefusedError(service.name, callee.name, reply)
  if (reply.status >= 500) throw new ServerFailure(callee.name, reply)
  if (reply.status >= 400) throw new UpstreamError(callee.name, reply)
  return reply
}

function pathOf({ to, params = {}, query = {} }: ClientRequest): string {
  const path = to.path.replace(/:(\w+)/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined) throw new Error(`The path ${to.path} needs the parameter "${name}".`)
    return encodeURIComponent(value)
  })
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) search.append(name, String(value))
  return search.size > 0 ? `${path}?${search}` : path
}

async function readText(stream: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > limit) throw new Error(`The answer has more than ${limit} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string, type: string): unknown {
  if (text === '') return undefined
  return /\bjson\b/.test(type) ? JSON.parse(text) : text
}
