import { Problem, unavailable } from '../problem.ts'
import type { Verdict } from './driver.ts'

/** Code of a transaction that gave way to another one: it was rolled back, and the same again may succeed. */
export const writeConflict = 'WRITE_CONFLICT'

/** What a service throws for an error of its database: a Problem where there is something to say, else the error itself. */
export function surfaced(store: string, verdict: Verdict, error: unknown): unknown {
  switch (verdict.kind) {
    case 'away':
      return unavailable('DATABASE_UNAVAILABLE', `The database ${store} does not answer.`, 1, error)
    case 'conflict':
      return unavailable(
        writeConflict,
        `Another transaction on ${store} was faster; nothing was written. Do the same again.`,
        1,
        error,
      )
    case 'locked':
      return unavailable(
        'LOCK_TIMEOUT',
        `Another transaction on ${store} held a lock for too long; nothing was written. Do the same again.`,
        1,
        error,
      )
    case 'input':
      return new Problem(400, verdict.code, verdict.detail, { cause: error })
    case 'refused':
    case 'unclear':
      return error
  }
}

/** The reply to COMMIT was lost: the rows may be there or not. Look them up by their key. */
export const outcomeUnknown = (store: string, cause: unknown): Problem =>
  new Problem(
    503,
    'OUTCOME_UNKNOWN',
    `The database ${store} did not confirm; the change may have been made. Ask again by its id.`,
    { headers: { 'retry-after': '1' }, cause },
  )

/** Code of a text that the engine cannot keep, whatever route it came by. */
export const unstorableText = 'INVALID_TEXT'

/** @param column its name, where the server tells */
export const invalidText = (column?: string): Verdict => ({
  kind: 'input',
  code: unstorableText,
  detail: `${subject(column)} holds a character that cannot be stored.`,
})

/** @param column its name, where the server tells */
export const tooLong = (column?: string): Verdict => ({
  kind: 'input',
  code: 'VALUE_TOO_LONG',
  detail: `${subject(column)} is too long to be stored; send a shorter one.`,
})

/** @param column its name, where the server tells */
export const outOfRange = (column?: string): Verdict => ({
  kind: 'input',
  code: 'VALUE_OUT_OF_RANGE',
  detail: `${subject(column)} is outside of what can be stored; send one within its range.`,
})

const subject = (column: string | undefined): string =>
  column === undefined ? 'A value' : `The value of ${column}`
