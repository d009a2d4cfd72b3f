import { trace } from '@opentelemetry/api'
import type { Context } from '../../kit/context.ts'
import type { NewLetter } from './letter.ts'
import * as metrics from './metrics.ts'
import type { Act, Letter } from './store.ts'

/** Metrics have no label for a topic that the letter did not name. */
const label = (topic: string): { topic: string } => ({ topic: topic || 'unknown' })

/** What happens to dead letters, counted, logged and noted on the active span. Payloads are never part of it. */
export function createEvents({ meter, log }: Context, topics: readonly string[]) {
  for (const name of ['', ...topics])
    for (const metric of [metrics.received, metrics.reprocessed, metrics.reprocessFailed])
      meter.add(metric, label(name), 0)
  const noted = (letter: Pick<Letter, 'id' | 'eventId' | 'originalTopic' | 'traceId'>) => {
    const { id, eventId, originalTopic, traceId: originalTrace } = letter
    trace.getActiveSpan()?.setAttributes({ 'letter.id': id, 'letter.topic': originalTopic })
    return { letter: id, eventId, topic: originalTopic, originalTrace }
  }
  return {
    received: (letter: NewLetter): void => {
      meter.add(metrics.received, label(letter.originalTopic))
      const { id, eventId, originalTopic: topic, errorClass, replays, traceId } = letter
      log.info({ letter: id, eventId, topic, errorClass, replays, originalTrace: traceId }, 'kept')
    },
    decided: (letter: Letter, { action, actor }: Act): void =>
      log.info({ ...noted(letter), action, ...actor }, 'decided'),
    sent: (letter: Letter, detail: object): void => {
      meter.add(metrics.reprocessed, label(letter.originalTopic))
      log.info({ ...noted(letter), ...detail }, 'sent back')
    },
    notSent: (letter: Letter, err: unknown): void => {
      meter.add(metrics.reprocessFailed, label(letter.originalTopic))
      log.warn({ ...noted(letter), err }, 'not sent back')
    },
    /** Open letters by topic, as the database has them now. */
    standing: (open: readonly { topic: string; count: number; seconds: number }[]): void => {
      for (const name of ['', ...topics]) {
        const { count = 0, seconds = 0 } = open.find(({ topic }) => topic === name) ?? {}
        meter.set(metrics.open, label(name), count)
        meter.set(metrics.oldestOpen, label(name), seconds)
      }
    },
  }
}
export type Events = ReturnType<typeof createEvents>
