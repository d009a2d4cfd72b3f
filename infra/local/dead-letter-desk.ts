import { z } from 'zod'
import type { Answer, Gateway } from './front-door.ts'

const letter = z.object({
  id: z.string(),
  eventId: z.string(),
  event: z.unknown(),
  originalTopic: z.string(),
  receivedAtMs: z.number(),
  status: z.string(),
  key: z.string().nullable(),
  sizeBytes: z.number(),
  cause: z.object({ class: z.string(), message: z.string(), attempts: z.number() }),
  traceId: z.string(),
  replays: z.number(),
})
export type Letter = z.output<typeof letter>

const whole = letter.extend({
  value: z.string().nullable(),
  editedValue: z.string().nullable(),
  headers: z.record(z.string(), z.array(z.string().nullable())),
})

const entry = z.object({ at: z.string(), action: z.string(), subject: z.string() })

const cause = z.object({
  topic: z.string(),
  cause: z.string(),
  count: z.number(),
  newest: z.string(),
  message: z.string(),
})
export type Cause = z.output<typeof cause>

const verdict = z.object({
  eventId: z.string(),
  wouldSend: z.boolean(),
  topic: z.string(),
  errors: z.array(z.string()),
  notes: z.array(z.string()),
})
export type Verdict = z.output<typeof verdict>

const told = z.object({ message: z.string() })
const next = z.string().nullable()
const sums = z.object({ successful: z.number(), failed: z.number(), next })

interface Wish {
  readonly topic?: string
  readonly cause?: string
  readonly state?: string
}

/** Largest page that the service gives. */
const pageSize = 100
/** A run over many may take the service eight seconds. */
const secondsARun = 8
const lettersARun = 1000

export type Desk = ReturnType<typeof deskAt>

/** The dead letters of a platform. What it refuses is thrown as an error with its answer. */
export function deskAt({ send }: Gateway) {
  const get = async <S extends z.ZodType>(path: string, query: object, schema: S) =>
    send(`GET /dlq/${path}${queryOf(query)}`, { schema })
  const post = async <S extends z.ZodType>(path: string, query: object, schema: S) =>
    (await send(`POST /dlq/${path}${queryOf(query)}`, { schema })).body
  const at = (id: string): string => `events/${encodeURIComponent(id)}`

  return {
    letters: async ({ topic, cause: why, state }: Wish, limit: number): Promise<Letter[]> => {
      const found: Letter[] = []
      for (let cursor: string | null = ''; cursor !== null && found.length < limit;) {
        const size = Math.min(pageSize, limit - found.length)
        const query: object = { topic, cause: why, state, size, cursor }
        const page: Answer<Letter[]> = await get('events', query, z.array(letter))
        found.push(...page.body)
        cursor = page.headers.get('x-next-cursor')
      }
      return found
    },
    letter: async (id: string) => (await get(at(id), {}, whole)).body,
    history: async (id: string) => (await get(`${at(id)}/audit`, {}, z.array(entry))).body,
    causes: async (topic: string | undefined) =>
      (await get('causes', { topic }, z.array(cause))).body,
    verdict: (id: string) => post(`${at(id)}/reprocess`, { dryRun: true }, verdict),
    verdicts: ({ topic, cause: why }: Wish) =>
      post(
        'reprocess/all',
        { topic, cause: why, approve: true, dryRun: true, limit: pageSize },
        z.object({ verdicts: z.array(verdict) }),
      ),
    replay: (id: string) => post(`${at(id)}/approve-and-reprocess`, {}, told),
    replayAll: async ({ topic, cause: why }: Wish, rate: number) => {
      const limit = Math.min(lettersARun, Math.max(1, Math.floor(rate * secondsARun)))
      const sum = { successful: 0, failed: 0 }
      for (let cursor: string | null = ''; cursor !== null;) {
        const query: object = { topic, cause: why, approve: true, limit, rate, cursor }
        const run: z.output<typeof sums> = await post('reprocess/all', query, sums)
        sum.successful += run.successful
        sum.failed += run.failed
        cursor = run.next
      }
      return sum
    },
    edit: async (id: string, value: unknown) =>
      (await send(`POST /dlq/${at(id)}/edit`, { body: { value }, schema: told })).body,
    reject: (id: string) => post(`${at(id)}/reject`, {}, told),
  }
}

function queryOf(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const texts = given.map(([name, value]): [string, string] => [name, String(value)])
  const text = new URLSearchParams(texts).toString()
  return text === '' ? '' : `?${text}`
}
