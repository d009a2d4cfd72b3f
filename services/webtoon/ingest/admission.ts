import type { FieldError } from '../../kit/problem.ts'
import { invalid } from '../../kit/problem.ts'
import { pageViewEvent, type PageViewEvent } from '../topics.ts'
import type { Cause } from './events.ts'

/** How far `ts` may lie from now: the rankings count nothing beyond (decisions: identity and time of an event). */
export const tolerance = { pastMs: 60_000, futureMs: 5_000 }

/** Why an event is not taken, as the client is told. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly cause: Cause
  readonly detail: string
  readonly errors: readonly FieldError[]
}

export type Verdict = { readonly event: PageViewEvent } | { readonly refusal: Refusal }

/**
 * Judges one item of a batch.
 * @param path where it stands, e.g. `body.3`
 * @param now epoch milliseconds
 */
export function judge(item: unknown, path: string, now: number): Verdict {
  const parsed = pageViewEvent.safeParse(item)
  if (parsed.success) return judgeTime(parsed.data, path, now)
  const { errors } = invalid(path, parsed.error, item)
  const detail = 'The event is not valid; see errors.'
  return { refusal: { status: 400, code: 'VALIDATION_ERROR', cause: 'invalid', detail, errors } }
}

/** Judges the time of an event that is right otherwise. */
export function judgeTime(event: PageViewEvent, path: string, now: number): Verdict {
  const ageMs = now - event.ts
  if (ageMs > tolerance.pastMs)
    return untimely(event, path, {
      code: 'EVENT_TOO_OLD',
      cause: 'too_old',
      message: `is more than ${tolerance.pastMs / 1000} s ago`,
    })
  if (ageMs < -tolerance.futureMs)
    return untimely(event, path, {
      code: 'EVENT_IN_FUTURE',
      cause: 'in_future',
      message: `is more than ${tolerance.futureMs / 1000} s ahead`,
    })
  return { event }
}

function untimely(
  event: PageViewEvent,
  path: string,
  { message, ...rest }: Pick<Refusal, 'code' | 'cause'> & { message: string },
): Verdict {
  const errors = [{ field: `${path}.ts`, message, rejectedValue: event.ts }]
  return { refusal: { status: 400, ...rest, detail: `The time of the event ${message}.`, errors } }
}
