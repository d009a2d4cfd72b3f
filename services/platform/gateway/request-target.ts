import type { IncomingMessage } from 'node:http'
import { Problem } from '../../kit/problem.ts'

/** A request's path in the one form that access rules, routing and upstreams all see, and its query with `?`. */
export interface Target {
  readonly path: string
  readonly query: string
}

/**
 * Refuses requests that two servers could understand differently. Node's parser lets these through.
 * @throws Problem 400; 401 for several credentials
 */
export function refuseAmbiguous({ httpVersion, headers, rawHeaders }: IncomingMessage): void {
  const coding = headers['transfer-encoding']
  if (httpVersion === '1.0' && coding !== undefined)
    throw badRequest('Transfer-Encoding does not exist in HTTP/1.0.')
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    throw badRequest('The only Transfer-Encoding is chunked.')
  let hosts = 0
  let credentials = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
    if (name.length === 13 && name.toLowerCase() === 'authorization') credentials += 1
  }
  if (hosts === 0 && httpVersion === '1.1') throw badRequest('The Host header is missing.')
  if (hosts > 1) throw badRequest('There is more than one Host header.')
  if (credentials > 1)
    throw new Problem(401, 'UNAUTHORIZED', 'There is more than one Authorization header.', {
      headers: { 'www-authenticate': 'Bearer error="invalid_request"' },
    })
}

/**
 * Brings the request target into its normal form: origin form, every segment percent-encoded in one way.
 * @throws Problem 400 for another host in absolute form, and for paths that some servers read as another path
 */
export function targetOf({ url = '', headers }: IncomingMessage): Target {
  const text = url.startsWith('/') ? url : originForm(url, headers.host)
  if (/[^\x21-\x7e]|[\\#]/.test(text)) throw badPath()
  const mark = text.indexOf('?')
  const path = mark < 0 ? text : text.slice(0, mark)
  const query = mark < 0 ? '' : text.slice(mark)
  if (path.includes('//') || dotSegment.test(path)) throw badPath()
  return { path: path.includes('%') ? normalised(path) : path, query }
}

/** `.` and `..`, also with path parameters (`..;x`), which some servers drop before they resolve dots. */
const dotSegment = /\/\.{1,2}(;[^/]*)?(\/|$)/

function originForm(url: string, host: string | undefined): string {
  const parts = /^http:\/\/([^/?#]+)(\/.*)?$/i.exec(url)
  if (!parts || parts[1]?.toLowerCase() !== host?.toLowerCase())
    throw badRequest('The request target must be a path of this host.')
  return parts[2] ?? '/'
}

function normalised(path: string): string {
  if (/%(2f|5c|2e|00)/i.test(path)) throw badPath()
  return path
    .split('/')
    .map((segment) => (segment.includes('%') ? encodeURIComponent(decoded(segment)) : segment))
    .join('/')
}

function decoded(segment: string): string {
  try {
    const text = decodeURIComponent(segment)
    if (!/[\u0000-\u001f\u007f/\\]/.test(text)) return text
  } catch {
    // Overlong or broken UTF-8.
  }
  throw badPath()
}

const badRequest = (detail: string): Problem => new Problem(400, 'BAD_REQUEST', detail)
const badPath = (): Problem =>
  new Problem(
    400,
    'BAD_PATH',
    'The path holds encoded slashes, dots, empty segments or bytes that are not UTF-8.',
  )
