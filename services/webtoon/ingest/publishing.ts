import { within } from '../../kit/within.ts'
import type { DeadLetters } from '../../kit/dead-letter.ts'
import { PublishError, type Publisher } from '../../kit/kafka.ts'
import { pageView, type PageViewEvent } from '../topics.ts'
import type { Refusal } from './admission.ts'
import type { Cause, Events } from './events.ts'

/** Offers events to the broker. The answer at an index: undefined when it is acknowledged, else why it is not. */
export type Offer = (events: readonly PageViewEvent[]) => Promise<readonly (Refusal | undefined)[]>

export interface PublishingParts {
  readonly publisher: Publisher
  readonly letters: DeadLetters
  readonly events: Events
  readonly clock: () => number
  /** All that a request may take until its answer; below the gateway's time limit. */
  readonly deadlineMs: number
}

/** Publishes within the deadline; what the broker refuses for good becomes a dead letter as well. */
export function publishing(parts: PublishingParts): Offer {
  const { publisher, letters, events, clock, deadlineMs } = parts
  const bury = async (event: PageViewEvent, cause: PublishError, ms: number): Promise<void> => {
    const failure = { cause, attempts: 1, firstFailedAt: clock() }
    try {
      await within(letters.send(asRecord(event), failure), Math.max(0, ms))
      events.deadLettered(event.eventId)
    } catch (error) {
      events.deadLetterLost(event.eventId, error)
    }
  }
  return async (offered) => {
    const began = performance.now()
    const settled = await inTime(deadlineMs, (signal) =>
      offered.map((value) => publisher.publish(pageView, { ...addressOf(value), value, signal })),
    )
    const failures = settled.map((one) =>
      one.status === 'rejected' ? asFailure(one.reason) : undefined,
    )
    const seconds = (performance.now() - began) / 1000
    const failed = failures.filter((failure) => failure !== undefined).length
    events.offered({ acknowledged: offered.length - failed, failed, seconds })
    const left = deadlineMs - seconds * 1000
    await Promise.all(
      offered.map(
        (event, at) => failures[at] && !failures[at].retriable && bury(event, failures[at], left),
      ),
    )
    return failures.map((failure) => failure && refusalOf(failure))
  }
}

/** `AbortSignal.timeout` would outlive each request by the rest of its time, and with it all that it refers to. */
async function inTime<Value>(
  ms: number,
  work: (signal: AbortSignal) => readonly Promise<Value>[],
): Promise<PromiseSettledResult<Value>[]> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), ms)
  try {
    return await Promise.allSettled(work(late.signal))
  } finally {
    clearTimeout(timer)
  }
}

const addressOf = ({ contentId, eventId, ts }: PageViewEvent) => ({
  key: contentId,
  id: eventId,
  time: ts,
})

/** A bug is not the broker's answer: it goes on to become a 500. */
function asFailure(error: unknown): PublishError {
  if (error instanceof PublishError) return error
  throw error
}

/** An event that never got a place, in the form of a record that could not be processed. */
const asRecord = (event: PageViewEvent) => ({
  topic: pageView,
  partition: -1,
  offset: -1n,
  original: {
    key: Buffer.from(event.contentId),
    value: Buffer.from(JSON.stringify(event)),
    headers: {
      ce_specversion: '1.0',
      ce_id: event.eventId,
      ce_type: pageView.type,
      'content-type': 'application/json',
    },
  },
})

type Answer = Pick<Refusal, 'status' | 'code' | 'detail'> & { readonly cause: Cause }

const notAcknowledged =
  'The event was not acknowledged. It may still appear; send it again with the same eventId.'

/** What the client is told of each way in which publishing fails. */
const answers: Readonly<Record<PublishError['code'], Answer>> = {
  TOO_LARGE: {
    status: 413,
    code: 'EVENT_TOO_LARGE',
    cause: 'too_large',
    detail: 'The broker refuses an event of this size.',
  },
  REFUSED: {
    status: 400,
    code: 'EVENT_REFUSED',
    cause: 'refused',
    detail: 'The broker refuses the event.',
  },
  UNAVAILABLE: {
    status: 503,
    code: 'EVENT_PUBLISHING_ERROR',
    cause: 'unavailable',
    detail: notAcknowledged,
  },
  TIMEOUT: {
    status: 503,
    code: 'EVENT_PUBLISHING_ERROR',
    cause: 'timeout',
    detail: notAcknowledged,
  },
  OVERLOADED: {
    status: 503,
    code: 'OVERLOADED',
    cause: 'overloaded',
    detail: 'Too many events wait for the broker; this one was not taken. Send it again later.',
  },
}

const refusalOf = ({ code }: PublishError): Refusal => ({ ...answers[code], errors: [] })
