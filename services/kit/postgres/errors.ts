import { isNetworkError, type Verdict } from '../sql/driver.ts'
import { invalidText, outOfRange, tooLong } from '../sql/problems.ts'

/** SQLSTATE of a broken unique or primary key. */
const uniqueViolation = '23505'

/** True for the error that a unique index raises. @param constraint only this one */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint: broken } = (error ?? {}) as { code?: unknown; constraint?: unknown }
  return code === uniqueViolation && (constraint === undefined || broken === constraint)
}

/** What an error of node-postgres means. */
export function judge(error: unknown): Verdict {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown }
  if (isAway(error)) return { kind: 'away' }
  // FATAL ends the session.
  if (severity !== 'ERROR' || typeof code !== 'string') return { kind: 'unclear' }
  return verdicts[code] ?? { kind: 'refused' }
}

/** By SQLSTATE. Text with NUL or half a surrogate is untranslatable. */
const verdicts: Readonly<Record<string, Verdict>> = {
  '22021': invalidText(),
  '22P05': invalidText(),
  '22001': tooLong(),
  '22003': outOfRange(),
  '40001': { kind: 'conflict' },
  '40P01': { kind: 'conflict' },
  '55P03': { kind: 'locked' },
}

/**
 * SQLSTATEs of a server that is away or too slow: connection (08), out of resources (53), shutdown (57P),
 * statement time-out (57014), idle in transaction (25P03).
 */
const away = /^(08|53|57P|57014|25P03)/

/** node-postgres gives these no code. */
const saidInWords =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|not queryable|after calling end on the pool/i

function isAway(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (typeof code === 'string') return isNetworkError(error) || away.test(code)
  return typeof message === 'string' && saidInWords.test(message)
}
