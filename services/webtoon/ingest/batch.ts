import { Problem } from '../../kit/problem.ts'
import type { PageViewEvent } from '../topics.ts'
import { judge, type Refusal, type Verdict } from './admission.ts'
import type { Offer } from './publishing.ts'

/** What became of one item. */
export interface Result {
  readonly index: number
  readonly eventId: string | null
  readonly status: number
  readonly code: string
  readonly errors?: Refusal['errors']
}

/** What became of a batch. */
export interface Receipt {
  readonly accepted: number
  readonly rejected: number
  readonly results: readonly Result[]
}

/**
 * Judges every item on its own and offers the right ones to the broker.
 * @param now epoch milliseconds
 */
export async function takeBatch(
  items: readonly unknown[],
  now: number,
  offer: Offer,
): Promise<{ receipt: Receipt; refusals: readonly Refusal[] }> {
  const verdicts = items.map((item, index) => judge(item, `body.${index}`, now))
  const right = verdicts.flatMap((verdict) => ('event' in verdict ? [verdict.event] : []))
  const outcomes = right.length > 0 ? await offer(right) : []
  const failures = new Map<PageViewEvent, Refusal | undefined>(
    right.map((event, at) => [event, outcomes[at]]),
  )
  const decided = verdicts.map((verdict) =>
    'event' in verdict ? failures.get(verdict.event) : verdict.refusal,
  )
  const results = decided.map((refusal, index) =>
    resultOf(refusal, { index, eventId: eventIdOf(verdicts[index], items[index]) }),
  )
  const refusals = decided.filter((refusal) => refusal !== undefined)
  const rejected = refusals.length
  return { receipt: { accepted: items.length - rejected, rejected, results }, refusals }
}

/**
 * Why a batch of which nothing was acknowledged is refused: 503 when sending it again may help, else 400 with
 * every wrong field.
 */
export function refusedBatch(receipt: Receipt, refusals: readonly Refusal[]): Problem {
  const passing = refusals.find(({ status }) => status === 503)
  if (passing) return problemOf(passing, { ...receipt })
  const codes = new Set(refusals.map(({ code }) => code))
  const [code = 'VALIDATION_ERROR'] = codes.size === 1 ? codes : []
  return new Problem(400, code, 'No event of the batch can be taken; see errors and results.', {
    errors: refusals.flatMap(({ errors }) => errors),
    members: { ...receipt },
  })
}

/** The answer for a single refused event. */
export const problemOf = (
  { status, code, detail, errors }: Refusal,
  members: Record<string, unknown> = {},
): Problem =>
  new Problem(status, code, detail, {
    errors,
    members,
    ...(status === 503 && { headers: { 'retry-after': '1' } }),
  })

function resultOf(refusal: Refusal | undefined, of: Pick<Result, 'index' | 'eventId'>): Result {
  if (refusal === undefined) return { ...of, status: 202, code: 'ACCEPTED' }
  const { status, code, errors } = refusal
  return { ...of, status, code, ...(errors.length > 0 && { errors }) }
}

function eventIdOf(verdict: Verdict | undefined, item: unknown): string | null {
  if (verdict && 'event' in verdict) return verdict.event.eventId
  const { eventId } = (item ?? {}) as { eventId?: unknown }
  return typeof eventId === 'string' && eventId.length <= 128 ? eventId : null
}
