import { STATUS_CODES } from 'node:http'
import type { z } from 'zod'

/** One wrong field: where, what was there, what is expected. */
export interface FieldError {
  /** e.g. `body.props.action` or `query.n` */
  readonly field: string
  readonly message: string
  readonly rejectedValue?: unknown
}

/** What a client is told (RFC 9457). Everything else that is thrown becomes a 500 without details. */
export class Problem extends Error {
  readonly status: number
  /** Stable and machine readable, e.g. `VALIDATION_ERROR`. */
  readonly code: string
  readonly errors: readonly FieldError[]
  readonly headers: Readonly<Record<string, string>>
  /** Further members of the body, as a product's contract asks for. */
  readonly members: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    code: string,
    detail: string,
    rest: {
      errors?: readonly FieldError[]
      headers?: Record<string, string>
      members?: Record<string, unknown>
      cause?: unknown
    } = {},
  ) {
    super(detail, { cause: rest.cause })
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.errors = rest.errors ?? []
    this.headers = rest.headers ?? {}
    this.members = rest.members ?? {}
  }
}

/** 503 that says when to come again. @param seconds whole seconds, at least 1 */
export const unavailable = (code: string, detail: string, seconds = 1, cause?: unknown): Problem =>
  new Problem(503, code, detail, {
    headers: { 'retry-after': String(Math.max(1, seconds)) },
    cause,
  })

/** 400 with one entry per wrong field. @param part `body`, `query` or `params` */
export const invalid = (part: string, error: z.ZodError, input: unknown): Problem =>
  invalidFields(
    part,
    error.issues.map((issue) => ({
      field: [part, ...issue.path.map(String)].join('.'),
      message: issue.message,
      ...rejected(valueAt(input, issue.path)),
    })),
  )

/** 400 with these entries. @param part what they are of */
export const invalidFields = (part: string, errors: readonly FieldError[]): Problem =>
  new Problem(400, 'VALIDATION_ERROR', `The ${part} is not valid; see errors.`, {
    errors,
    // Clients of the earlier system read this of a wrong query.
    ...(part === 'query' && { members: { error: 'Invalid parameter' } }),
  })

/** Body of a problem answer: RFC 9457 members plus those that clients of the earlier system read. */
export function problemBody(
  problem: Problem,
  request: { path: string; requestId: string; traceId: string },
) {
  const title = STATUS_CODES[problem.status] ?? 'Error'
  return {
    type: `/problems/${problem.code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status: problem.status,
    detail: problem.message,
    instance: request.path,
    code: problem.code,
    traceId: request.traceId,
    requestId: request.requestId,
    timestamp: new Date().toISOString(),
    error: title,
    message: problem.message,
    path: request.path,
    ...(problem.errors.length > 0 && { errors: problem.errors }),
    ...problem.members,
  }
}

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  )

/** Long or nested input is not echoed: answers stay small and logs clean. */
const rejected = (value: unknown): { rejectedValue?: unknown } =>
  (typeof value === 'string' && value.length <= 100) ||
  typeof value === 'number' ||
  typeof value === 'boolean'
    ? { rejectedValue: value }
    : {}
