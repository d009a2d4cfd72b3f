import { trace } from '@opentelemetry/api'
import type { Context } from '../../kit/context.ts'
import { deadLettered, publishDuration, published, publishErrors, rejected } from './metrics.ts'

/** Why an event was answered with an error. */
export type Cause =
  | 'invalid'
  | 'too_old'
  | 'in_future'
  | 'too_large'
  | 'refused'
  | 'unavailable'
  | 'timeout'
  | 'overloaded'

/** What happens to events on their way in, counted and logged. */
export interface Events {
  /** The events of one request were offered to the broker. */
  offered(outcome: { acknowledged: number; failed: number; seconds: number }): void
  /** An event is answered with an error. */
  rejected(cause: Cause): void
  deadLettered(eventId: string): void
  /** The broker took neither the event nor its dead letter; the client knows, nobody else. */
  deadLetterLost(eventId: string, cause: unknown): void
}

export function createEvents({ meter, log }: Context): Events {
  return {
    offered: ({ acknowledged, failed, seconds }) => {
      meter.add(published, undefined, acknowledged)
      meter.add(publishErrors, undefined, failed)
      meter.observe(publishDuration, undefined, seconds)
    },
    rejected: (cause) => meter.add(rejected, { cause }),
    deadLettered: (eventId) => {
      meter.add(deadLettered, undefined)
      trace.getActiveSpan()?.addEvent('dead letter', { 'event.id': eventId })
    },
    deadLetterLost: (eventId, cause) =>
      log.error({ eventId, err: cause }, 'the broker refused an event and its dead letter'),
  }
}
