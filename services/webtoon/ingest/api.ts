import { z } from 'zod'
import { route } from '../../model/route.ts'
import { writeIngest } from '../scopes.ts'
import { pageViewEvent } from '../topics.ts'

/** A batch has this many events at most; more is a 413. */
export const largestBatch = 1000
const largestBatchBytes = 1_048_576

const unjudged = z.unknown().meta({
  description: 'An event as `POST /ingest/events` takes it; each is judged on its own',
})

const result = z.object({
  index: z.int(),
  eventId: z.string().nullable(),
  status: z.int().meta({ description: '202 acknowledged, 400 or 413 refused, 503 not known' }),
  code: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

export const api = {
  one: route('POST /ingest/events', {
    summary: 'Takes one event. 202 means that the broker has it; after a 503 send the same again.',
    access: writeIngest,
    body: pageViewEvent,
    answers: { 202: { summary: 'Acknowledged by the broker' } },
  }),
  batch: route('POST /ingest/events/batch', {
    summary:
      'Takes up to 1,000 events. 202 when any was acknowledged, 400 when all are wrong, 503 when none was acknowledged.',
    access: writeIngest,
    body: z.array(unjudged).min(1).meta({ maxItems: largestBatch }),
    maxBodyBytes: largestBatchBytes,
    answers: {
      202: {
        summary: 'What became of each event, in the order of the batch',
        schema: z.object({ accepted: z.int(), rejected: z.int(), results: z.array(result) }),
      },
    },
  }),
}
