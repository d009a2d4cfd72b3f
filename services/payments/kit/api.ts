import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { route } from '../../model/route.ts'
import { adminPayments } from '../scopes.ts'
import { breakerApi } from './breaker-api.ts'

const count = z.int().nonnegative()
const percent = z.number().min(0).max(100).describe('Of those that ended, in percent; 0 of none')

/** @param late name of the count of requests that are overdue */
const statistics = (late: string) =>
  z.object({
    totalCount: count,
    successCount: count,
    failedCount: count,
    pendingCount: count,
    totalAmount: z
      .record(z.string(), z.string())
      .describe('What was done, by currency, in minor units as text: a sum has no limit'),
    deadLetterCount: count.describe('Given up, and nobody has decided yet'),
    unknownCount: count.describe('Nobody knows whether they were done'),
    [late]: count,
    failureDetails: z
      .array(z.object({ retryCount: count, count }))
      .describe('Failed ones by how often they were tried in vain'),
    successRate: percent,
    failureRate: percent,
    healthStatus: z.enum(['HEALTHY', 'WARNING']),
  })

const act = z.object({
  id: z.int(),
  requestId: z.uuid(),
  action: z.string(),
  subject: z.string(),
  clientId: z.string(),
  at: z.iso.datetime(),
})

/** What a worker’s routes are named after. */
interface Names {
  readonly name: string
  /** What requests are called that are overdue. */
  readonly late: string
  /** Its circuit breaker towards the payment gateway. */
  readonly breaker: string
}

/** How the public reaches them. */
export const workerEdge = ({ name, breaker }: Omit<Names, 'late'>) =>
  edge({
    base: '/api',
    prefixes: [`/stats/${name}`, `/admin/${name}`, `/circuit-breaker/${breaker}`],
    limit: { perSecond: 20, burst: 40, whenStoreFails: 'local' },
    timeLimitMs: 10_000,
  })

/** What people see and steer of a worker. */
export const workerApi = ({ name, late, breaker }: Names) => ({
  ...breakerApi<undefined>(breaker, {}),
  stats: route(`GET /stats/${name}`, {
    summary:
      'How many of the requests that are kept are in which state, and how many wait for people.',
    access: adminPayments,
    answers: { 200: { summary: 'As the database has it now', schema: statistics(late) } },
  }),
  replay: route(`POST /admin/${name}/migrate-dlq`, {
    summary:
      'Takes up again what was given up, oldest first, or the one named by `id`: it is tried anew, under the gateway key that it had.',
    access: adminPayments,
    query: z.object({
      id: z.uuid().optional(),
      limit: z.coerce.number<string>().int().min(1).max(1000).default(100),
    }),
    problems: [404, 409],
    answers: {
      200: {
        summary: 'What came of it',
        schema: z.object({
          success: z.boolean().describe('Whether none was refused'),
          totalCount: count,
          successCount: count,
          failCount: count,
          message: z.string(),
          refused: z.array(z.object({ id: z.uuid(), reason: z.string() })),
        }),
      },
    },
  }),
  trail: route(`GET /admin/${name}/audit`, {
    summary: 'Who had what taken up again, latest first.',
    access: adminPayments,
    query: z.object({
      id: z.uuid().optional().describe('Of one request alone'),
      before: z.coerce
        .number<string>()
        .int()
        .min(1)
        .max(Number.MAX_SAFE_INTEGER)
        .default(Number.MAX_SAFE_INTEGER)
        .describe('`next` of the page before'),
      size: z.coerce.number<string>().int().min(1).max(100).default(20),
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the `before` of the following one, null at the end',
        schema: z.object({ items: z.array(act), next: z.int().nullable() }),
      },
    },
  }),
})

export type WorkerApi = ReturnType<typeof workerApi>
