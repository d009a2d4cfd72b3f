import type { IncomingMessage } from 'node:http'
import rawBody from 'raw-body'
import type { NumberSpelling, Route } from '../model/route.ts'
import { Problem } from './problem.ts'

/**
 * Reads and decodes a request body.
 * @throws Problem 413 over `route.maxBodyBytes`, 415 for another content type, 400 for text that does not parse
 */
export async function readBody(request: IncomingMessage, route: Route): Promise<unknown> {
  const encoding = request.headers['content-encoding']
  if (encoding && encoding !== 'identity')
    throw new Problem(415, 'UNSUPPORTED_ENCODING', `Content-Encoding ${encoding} is not accepted.`)
  expectType(request, route)
  const text = await readText(request, route.maxBodyBytes)
  if (text === '' && optionalBody(route)) return undefined
  if (route.encoding === 'csv') return text
  if (route.encoding === 'form') return Object.fromEntries(new URLSearchParams(text))
  return parseJson(text, route.numbers)
}

/** Whether a route may be called without a body. */
export const optionalBody = (route: Route): boolean =>
  route.body?.safeParse(undefined).success === true

const mediaTypes = {
  json: /^application\/([\w.+-]+\+)?json$/i,
  form: /^application\/x-www-form-urlencoded$/i,
  csv: /^text\/csv$/i,
}

/** The media type that a body of each encoding is documented with. */
export const bodyType = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  csv: 'text/csv',
} as const

function expectType(request: IncomingMessage, route: Route): void {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  // curl and old clients leave the type out of JSON; forms must say what they are.
  if (type === '' && route.encoding === 'json') return
  if (mediaTypes[route.encoding].test(type)) return
  const expected = bodyType[route.encoding]
  throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', `The body must be ${expected}, not "${type}".`)
}

async function readText(request: IncomingMessage, limit: number): Promise<string> {
  const bytes = await readBytes(request, limit)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Problem(400, 'BODY_UNREADABLE', 'The body is not UTF-8.', { cause })
  }
}

/**
 * Reads a body whole.
 * @param limit bytes
 * @throws Problem 413 above the limit, 400 when the body is cut short
 */
export async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  try {
    return await rawBody(request, { length: request.headers['content-length'] ?? null, limit })
  } catch (cause) {
    if ((cause as { type?: string }).type === 'entity.too.large')
      throw new Problem(413, 'BODY_TOO_LARGE', `The body may have ${limit} bytes at most.`, {
        // The rest of it will not be read.
        headers: { connection: 'close' },
      })
    throw new Problem(400, 'BODY_UNREADABLE', 'The body is cut short.', { cause })
  }
}

function parseJson(text: string, numbers: NumberSpelling): unknown {
  try {
    return numbers === 'integers' ? (parseSpelled(text, digitsOnly) as unknown) : JSON.parse(text)
  } catch (error) {
    throw new Problem(400, 'INVALID_JSON', `The body is not JSON: ${(error as Error).message}`, {
      errors: [{ field: 'body', message: 'is not JSON' }],
    })
  }
}

/** ECMAScript 2026 gives a reviver the source text of a primitive; TypeScript does not know it yet. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const parseSpelled = JSON.parse as (text: string, reviver: Reviver) => unknown

const digitsOnly: Reviver = (_, value, { source = '' }) =>
  typeof value === 'number' && !/^-?\d+$/.test(source) ? source : value
