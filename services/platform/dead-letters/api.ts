import { z } from 'zod'
import { route } from '../../model/route.ts'
import { readDeadLetters, writeDeadLetters } from '../scopes.ts'
import { idPattern, states } from './states.ts'

/** An event id, or the id that the letter has here. */
const named = z.object({
  eventId: z.string().regex(idPattern, 'must be visible ASCII'),
})

/** Narrows an event id that several letters share. */
const place = {
  topic: z.string().max(249).optional().describe('The dead-letter topic'),
  partition: z.coerce.number<string>().int().min(0).max(2_147_483_647).optional(),
  offset: z
    .string()
    .regex(/^\d{1,18}$/, 'must be a number')
    .optional(),
}
const flag = z.enum(['true', 'false']).default('false')

const filters = {
  topic: z.string().max(249).optional().describe('Original topic, or its dead-letter topic'),
  cause: z.string().max(200).optional().describe('Error class'),
}
const paging = {
  cursor: z.uuid().optional().describe('Id of the last letter of the page before'),
  size: z.coerce.number<string>().int().min(1).max(100).default(50),
}

const nullableText = z.string().nullable()
const letter = z.object({
  id: z.uuid(),
  eventId: z.string(),
  event: z.unknown().describe('The value where it is JSON, else null'),
  topic: z.string(),
  partition: z.int(),
  offset: z.string(),
  originalTopic: z.string(),
  originalPartition: z.int(),
  originalOffset: z.string(),
  originalTimestamp: z.int().describe('When the broker appended it, epoch milliseconds'),
  receivedAtMs: z.int(),
  status: z.enum(states),
  key: nullableText,
  sizeBytes: z.int(),
  cause: z.object({
    class: z.string(),
    message: z.string(),
    attempts: z.int(),
    firstFailedAt: z.iso.datetime(),
  }),
  traceId: z.string(),
  edited: z.boolean(),
  replays: z.int().describe('How often it was sent back and came again'),
  replayOf: z.uuid().nullable(),
})
const whole = letter.extend({
  value: z.string().nullable().describe('Base64 of the first 64 KiB'),
  editedValue: z.string().nullable().describe('Base64 of the first 64 KiB'),
  headers: z.record(z.string(), z.array(z.string().nullable())).describe('Values in base64'),
})

const decided = z.object({ success: z.literal(true), message: z.string() })
const sent = z.object({ eventId: z.string(), success: z.literal(true), message: z.string() })
const verdict = z.object({
  eventId: z.string(),
  wouldSend: z.boolean(),
  valid: z.boolean().describe('Whether its consumers can read it'),
  topic: z.string(),
  notes: z.array(z.string()),
  errors: z.array(z.string()),
})
const page = {
  summary: 'A page of letters, oldest first',
  schema: z.array(letter),
  headers: { 'x-next-cursor': 'The `cursor` of the next page; absent at the end' },
}

const one = { params: named, query: z.object(place), problems: [404, 409] }
/** A letter may have gone, be in another state, or be refused by the broker. */
const sends = { problems: [404, 409, 422] }
const writes = { access: writeDeadLetters, ...one }

const next = z.uuid().nullable()

/** Everything but the fields is the same for a bounded run over many. */
const many = z
  .object({
    ...filters,
    approve: flag.describe('Takes pending letters as well, and approves them'),
    dryRun: flag,
    cursor: paging.cursor,
    limit: z.coerce.number<string>().int().min(1).max(1000).default(100),
    rate: z.coerce.number<string>().int().min(1).max(500).default(50).describe('Letters a second'),
  })
  .refine(({ limit, rate }) => limit / rate <= 8, {
    path: ['limit'],
    message: 'must be at most 8 seconds of `rate`: ask again for the rest',
  })

export const api = {
  list: route('GET /dlq/events', {
    summary: 'Dead letters, oldest first.',
    access: readDeadLetters,
    query: z.object({ ...filters, state: z.enum(states).optional(), ...paging }),
    answers: { 200: page },
  }),
  pending: route('GET /dlq/events/pending', {
    summary: 'Dead letters without a decision, oldest first.',
    access: readDeadLetters,
    query: z.object({ ...filters, ...paging }),
    answers: { 200: page },
  }),
  get: route('GET /dlq/events/:eventId', {
    summary: 'One dead letter with its bytes and headers.',
    access: readDeadLetters,
    ...one,
    answers: { 200: { summary: 'The letter', schema: whole } },
  }),
  history: route('GET /dlq/events/:eventId/audit', {
    summary: 'Who did what about a dead letter, oldest first.',
    access: readDeadLetters,
    ...one,
    answers: {
      200: {
        summary: 'The audit trail',
        schema: z.array(
          z.object({
            letter: z.uuid(),
            action: z.string(),
            before: z.enum(states),
            after: z.enum(states).nullable().describe('Null: it was deleted'),
            subject: z.string(),
            clientId: z.string(),
            at: z.iso.datetime(),
            detail: z.record(z.string(), z.unknown()),
          }),
        ),
      },
    },
  }),
  approve: route('POST /dlq/events/:eventId/approve', {
    summary: 'PENDING → APPROVED.',
    ...writes,
    answers: { 200: { summary: 'Approved', schema: decided } },
  }),
  reject: route('POST /dlq/events/:eventId/reject', {
    summary: 'PENDING or APPROVED → REJECTED.',
    ...writes,
    answers: { 200: { summary: 'Rejected', schema: decided } },
  }),
  edit: route('POST /dlq/events/:eventId/edit', {
    summary: 'Sets the value that is sent back instead of the original one, which is kept.',
    ...writes,
    body: z.object({ value: z.unknown().describe('By the schema of the original topic') }),
    maxBodyBytes: 1_048_576,
    answers: { 200: { summary: 'Edited', schema: decided } },
  }),
  reprocess: route('POST /dlq/events/:eventId/reprocess', {
    summary: 'Sends an approved letter back to its topic; with `dryRun` says what would happen.',
    access: writeDeadLetters,
    params: named,
    query: z.object({ ...place, dryRun: flag }),
    ...sends,
    answers: {
      200: { summary: 'What would happen', schema: verdict },
      202: { summary: 'Sent: the broker acknowledged it', schema: sent },
    },
  }),
  approveAndReprocess: route('POST /dlq/events/:eventId/approve-and-reprocess', {
    summary: 'Approves a letter and sends it back.',
    ...writes,
    ...sends,
    answers: { 202: { summary: 'Sent: the broker acknowledged it', schema: sent } },
  }),
  reprocessAll: route('POST /dlq/reprocess/all', {
    summary: 'Sends approved letters back, oldest first, and waits for it.',
    access: writeDeadLetters,
    query: many,
    answers: {
      200: {
        summary: 'What would happen',
        schema: z.object({ total: z.int(), verdicts: z.array(verdict), next }),
      },
      202: {
        summary: 'What came of it; `next` is the cursor of those that were not tried',
        schema: z.object({
          total: z.int(),
          successful: z.int(),
          failed: z.int(),
          next,
        }),
      },
    },
  }),
  statistics: route('GET /dlq/statistics', {
    summary: 'How many letters are in which state.',
    access: readDeadLetters,
    answers: {
      200: {
        summary: 'Counts',
        schema: z.object({
          total: z.int(),
          pending: z.int(),
          approved: z.int(),
          rejected: z.int(),
          reprocessed: z.int(),
        }),
      },
    },
  }),
  causes: route('GET /dlq/causes', {
    summary: 'Open letters by topic and cause, most first.',
    access: readDeadLetters,
    query: z.object({ topic: filters.topic }),
    answers: {
      200: {
        summary: 'Groups, 100 at most',
        schema: z.array(
          z.object({
            topic: z.string(),
            cause: z.string(),
            count: z.int(),
            oldest: z.iso.datetime(),
            newest: z.iso.datetime(),
            example: z.uuid(),
            message: z.string(),
          }),
        ),
      },
    },
  }),
  cleanup: route('DELETE /dlq/cleanup', {
    summary: 'Deletes rejected and reprocessed letters; the audit trail stays.',
    access: writeDeadLetters,
    answers: {
      200: {
        summary: 'Deleted',
        schema: z.object({ success: z.literal(true), message: z.string(), removedCount: z.int() }),
      },
    },
  }),
}
