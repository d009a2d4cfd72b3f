import { z } from 'zod'
import { route } from '../../model/route.ts'
import { readGenerator, writeGenerator } from '../scopes.ts'
import { scenarios } from './scenarios.ts'
import { fastest, targets } from './wishes.ts'

type Whole = (least: number, most: number) => z.ZodType<number>

/** The same parameters as a query, where numbers are text, and as JSON, where they are numbers. */
const wishes = (whole: Whole) =>
  z.object({
    eps: whole(1, fastest).optional().meta({ description: 'Events per second outside of bursts' }),
    scenario: z.enum(scenarios).optional(),
    target: z.enum(targets).optional(),
    duration: whole(1, 86_400).optional().meta({ description: 'Seconds; else until stopped' }),
    contentPool: whole(1, 100_000).optional(),
    userPool: whole(1, 1_000_000).optional(),
    seed: whole(0, 2 ** 31 - 1)
      .optional()
      .meta({ description: 'Same seed, same choices' }),
  })

const inQuery: Whole = (least, most) => z.coerce.number<string>().int().min(least).max(most)
const inBody: Whole = (least, most) => z.int().min(least).max(most)

const status = z.object({
  running: z.boolean(),
  scenario: z.enum(scenarios),
  target: z.enum(targets),
  eventsPerSecond: z.int().meta({ description: 'Wanted, outside of bursts' }),
  actualPerSecond: z.number().meta({
    description: 'Acknowledged: of the last 5 s while running, of the whole run afterwards',
  }),
  duration: z.int().nullable(),
  contentPool: z.int(),
  userPool: z.int(),
  seed: z.int(),
  totalGenerated: z.int(),
  totalPublished: z.int().meta({ description: 'Acknowledged' }),
  totalErrors: z.int().meta({ description: 'Refused, or nobody knows' }),
  totalSkipped: z.int().meta({ description: 'Fell due over 1 s ago and were never made' }),
  startedAt: z.iso.datetime().nullable(),
  stoppedAt: z.iso.datetime().nullable(),
})

export const api = {
  start: route('POST /generator/start', {
    summary:
      'Starts a run. Parameters come in the query or as JSON; the query wins. The same run again changes nothing, another one is a 409.',
    access: writeGenerator,
    query: wishes(inQuery),
    body: wishes(inBody).optional(),
    problems: [409],
    answers: { 200: { summary: 'It runs', schema: status } },
  }),
  stop: route('POST /generator/stop', {
    summary: 'Ends the run and waits up to 5 s for what is under way.',
    access: writeGenerator,
    answers: { 200: { summary: 'Nothing runs; the figures of the last run', schema: status } },
  }),
  status: route('GET /generator/status', {
    summary: 'What runs, or ran last, in figures that start at 0 with every run.',
    access: readGenerator,
    answers: { 200: { summary: 'The figures', schema: status } },
  }),
}
