import { Problem, unavailable } from '../problem.ts'

/** SQLSTATE of a broken unique or primary key. */
const uniqueViolation = '23505'

/** True for the error that a unique index raises. @param constraint only this one */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint: broken } = (error ?? {}) as { code?: unknown; constraint?: unknown }
  return code === uniqueViolation && (constraint === undefined || broken === constraint)
}

/** SQLSTATEs of text with NUL or half a surrogate: the client's mistake, whatever route it came by. */
const untranslatable: ReadonlySet<unknown> = new Set(['22021', '22P05'])

/** A connection or time-out error as 503 with `Retry-After`, bad text as 400; every other error as it is. */
export function surfaced(store: string, error: unknown): unknown {
  if (untranslatable.has((error as { code?: unknown } | undefined)?.code))
    return new Problem(400, 'INVALID_TEXT', 'A text holds a character that cannot be stored.', {
      cause: error,
    })
  if (error instanceof Problem || !isUnavailable(error)) return error
  return unavailable('DATABASE_UNAVAILABLE', `The database ${store} does not answer.`, 1, error)
}

/** The reply to COMMIT was lost: the rows may be there or not. Look them up by their key. */
export const outcomeUnknown = (store: string, cause: unknown): Problem =>
  new Problem(
    503,
    'OUTCOME_UNKNOWN',
    `The database ${store} did not confirm; the change may have been made. Ask again by its id.`,
    { headers: { 'retry-after': '1' }, cause },
  )

/** The server itself said no, so the answer is certain. FATAL ends the session: then it is not. */
export const isDefinite = (error: unknown): boolean =>
  (error as { severity?: unknown }).severity === 'ERROR' && !isUnavailable(error)

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/**
 * SQLSTATEs of a server that is away or too slow: connection (08), out of resources (53), shutdown (57P),
 * statement time-out (57014), lock time-out (55P03), idle in transaction (25P03).
 */
const away = /^(08|53|57P|57014|55P03|25P03)/

/** node-postgres gives these no code. */
const saidInWords =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|not queryable|after calling end on the pool/i

export function isUnavailable(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (typeof code === 'string') return networkCodes.has(code) || away.test(code)
  return typeof message === 'string' && saidInWords.test(message)
}
