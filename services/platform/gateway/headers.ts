import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Claims } from '../../kit/auth.ts'

/** Meant for one connection only (RFC 9110 §7.6.1), and what an upgrade would need. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]

/** What only this gateway may say to a service. */
const ours = [
  'x-user-id',
  'x-scopes',
  'x-request-id',
  'traceparent',
  'tracestate',
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]

const neverForwarded = new Set([...hopByHop, ...ours, 'host', 'content-length', 'expect'])

/** A client cannot have these taken off by naming them in `Connection`. */
const protectedNames = new Set(['authorization', 'cookie', 'if-match', 'idempotency-key'])

/** What a service is told beside the client's own headers. */
export interface Told {
  readonly requestId: string
  readonly address: string
  readonly claims: Claims | undefined
}

/** Headers for the upstream as undici takes them: name, value, name, value. */
export function requestHeaders(
  { rawHeaders, headers, socket }: IncomingMessage,
  { requestId, address, claims }: Told,
  bodyForwarded: boolean,
): string[] {
  const listed = listedIn(headers.connection)
  const kept: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    if (neverForwarded.has(name) || name.startsWith('x-forwarded-') || name.includes('_')) continue
    if (listed?.has(name) && !protectedNames.has(name)) continue
    if (!bodyForwarded && name.startsWith('content-')) continue
    kept.push(name, rawHeaders[at + 1] ?? '')
  }
  kept.push('x-request-id', requestId, 'x-forwarded-for', address)
  kept.push('x-forwarded-proto', 'encrypted' in socket ? 'https' : 'http')
  if (headers.host) kept.push('x-forwarded-host', headers.host)
  if (claims && printable.test(claims.subject)) kept.push('x-user-id', claims.subject)
  if (claims) kept.push('x-scopes', [...claims.scopes].join(' '))
  return kept
}

const printable = /^[\x20-\x7e]{1,256}$/

/** Names that a `Connection` header lists; the everyday values cost nothing. */
function listedIn(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close')
    return undefined
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}

/** Set by the gateway or nobody, or of no concern to clients. */
const notPassedOn = new Set([
  ...hopByHop,
  'date',
  'server',
  'x-powered-by',
  'x-request-id',
  'x-trace-id',
  'x-gateway',
  'x-response-time-ms',
])

/** Puts an upstream's headers on the response. */
export function passHeaders(from: IncomingHttpHeaders, to: ServerResponse): void {
  const listed = listedIn(from.connection)
  for (const name of Object.keys(from)) {
    if (notPassedOn.has(name) || name.startsWith('access-control-') || listed?.has(name)) continue
    const value = from[name]
    if (value !== undefined) to.setHeader(name, value)
  }
}

/** What every answer of the gateway says of itself. */
export const gatewayHeader = { 'x-gateway': 'msa-webtoon' }
