import { isNetworkError, type Verdict } from '../sql/driver.ts'
import { invalidText, outOfRange, tooLong } from '../sql/problems.ts'

/** What the connector throws, as far as it is read here. */
interface Refusal {
  readonly code?: string | null
  readonly errno?: number
  readonly sqlMessage?: string | null
  readonly fatal?: boolean
}

/** True for the error that a unique key raises. @param key only this one; the primary key is `PRIMARY` */
export function isUniqueViolation(error: unknown, key?: string): boolean {
  const { code, sqlMessage } = (error ?? {}) as Refusal
  return code === 'ER_DUP_ENTRY' && (key === undefined || keyIn(sqlMessage) === key)
}

/** The reason of a call that was not answered in time. */
export const silence = 'MariaDB did not answer in time.'

/** What an error of the connector means. */
export function judge(error: unknown): Verdict {
  const { code, errno, sqlMessage, fatal } = (error ?? {}) as Refusal & Partial<Error>
  if (isNetworkError(error) || (error as Partial<Error> | undefined)?.message === silence)
    return { kind: 'away' }
  if (typeof code !== 'string') return { kind: 'unclear' }
  if (away.has(code)) return { kind: 'away' }
  const known = verdicts[code]?.(sqlMessage ?? '')
  if (known !== undefined) return known
  // Numbers from 45,000 on are the connector's own, not the server's.
  return { kind: fatal === true || (errno ?? 0) >= 45_000 ? 'unclear' : 'refused' }
}

const verdicts: Readonly<Record<string, (message: string) => Verdict>> = {
  // The row was changed since this transaction read it.
  ER_CHECKREAD: () => ({ kind: 'conflict' }),
  ER_LOCK_DEADLOCK: () => ({ kind: 'conflict' }),
  ER_LOCK_WAIT_TIMEOUT: () => ({ kind: 'locked' }),
  ER_WARN_DATA_OUT_OF_RANGE: (message) => outOfRange(columnIn(message)),
  ER_DATA_OUT_OF_RANGE: () => outOfRange(),
  ER_DATA_TOO_LONG: (message) => tooLong(columnIn(message)),
  ER_TRUNCATED_WRONG_VALUE_FOR_FIELD: (message) =>
    message.startsWith('Incorrect string value')
      ? invalidText(columnIn(message))
      : { kind: 'refused' },
}

/** The server is shutting down, full, not the one that is written to, or too slow; or the connector has lost it. */
const away: ReadonlySet<string> = new Set([
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
  'ER_STATEMENT_TIMEOUT',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  'ER_OUTOFMEMORY',
  'ER_OUT_OF_RESOURCES',
  'ER_DISK_FULL',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_CMD_CONNECTION_CLOSED',
  'ER_CMD_NOT_EXECUTED_DESTROYED',
  'ER_CONNECTION_ALREADY_CLOSED',
  'ER_CONNECTION_TIMEOUT',
  'ER_SOCKET_UNEXPECTED_CLOSE',
  'ER_PING_TIMEOUT',
  'ER_GET_CONNECTION_TIMEOUT',
  'ER_POOL_NO_CONNECTION',
  'ER_POOL_NOT_INITIALIZED',
  'ER_POOL_ALREADY_CLOSED',
  'ER_CLOSING_POOL',
])

/** The session speaks English, whatever the server does. */
const keyIn = (message: string | null | undefined): string | undefined =>
  / for key '([^']+)'$/.exec(message ?? '')?.[1]

const columnIn = (message: string): string | undefined =>
  / for column (?:\S+\.)?[`']([^`']+)[`']/.exec(message)?.[1]
