import { z } from 'zod'
import { blocks } from '../trace/bar.ts'
import { fit, widthOf } from '../trace/text-width.ts'
import type { Paint } from '../trace/waterfall.ts'
import type { Gateway } from '../front-door.ts'
import { waitFor } from './wait.ts'

const windowMs = 10_000
/** A window is served 2 s after its end (spec); the rest is for a busy machine. */
const servedWithinMs = 20_000
const finishedWithinMs = 15_000

/** One run of the generator that covers a whole window. */
export interface Run {
  readonly eps: number
  readonly seconds: number
  /** End of the last window that the run covers whole, epoch milliseconds. */
  readonly windowEndMs: number
}

/** The shortest run from `now` that covers one whole window and ends with it: 10 to 20 s. */
export function runFrom(now: number, eps: number): Run {
  const windowEndMs = Math.ceil(now / windowMs) * windowMs + windowMs
  return { eps, windowEndMs, seconds: Math.ceil((windowEndMs - now) / 1000) }
}

const status = z.object({
  running: z.boolean(),
  actualPerSecond: z.number(),
  totalPublished: z.number(),
  totalErrors: z.number(),
  totalSkipped: z.number(),
})

/** Starts the generator: readers that like the first titles best. @throws Error when another run is on */
export async function startReaders(
  gateway: Gateway,
  { eps, seconds }: Run,
  pool: number,
): Promise<void> {
  const body = { scenario: 'POPULAR_BIAS', eps, duration: seconds, contentPool: pool }
  await gateway.send('POST /generator/start', { body, schema: status }).catch((error: Error) => {
    if (!error.message.includes('answered 409')) throw error
    throw new Error(
      'the generator is busy with another run: wait until it ends (GET /generator/status) ' +
        'or end it (POST /generator/stop).',
    )
  })
}

/** Waits until the run is over. @returns its figures */
export const readersDone = (gateway: Gateway, { seconds }: Run) =>
  waitFor(
    async () => {
      const { body } = await gateway.send('GET /generator/status', { schema: status })
      return body.running ? undefined : body
    },
    {
      deadlineMs: seconds * 1000 + finishedWithinMs,
      everyMs: 500,
      reason: () => 'the generator still runs (./maru logs generator)',
    },
  )

const ranks = z.array(
  z.object({ contentId: z.string(), count: z.number(), views: z.number(), likes: z.number() }),
)
export type Ranking = z.infer<typeof ranks>

/** The top of the window that ends at `windowEndMs`, once it is served. */
export async function servedRanking(gateway: Gateway, windowEndMs: number, n: number) {
  let latest = 0
  return waitFor(
    async () => {
      const path = `GET /rank/top/detail?window=10s&n=${n}`
      const { body, headers } = await gateway.send(path, { schema: ranks })
      latest = Number(headers.get('x-aggregate-end-ms') ?? 0)
      return latest >= windowEndMs ? { ranking: body, endMs: latest } : undefined
    },
    {
      deadlineMs: windowEndMs + servedWithinMs - Date.now(),
      reason: () => notServed(latest, windowEndMs),
    },
  )
}

const notServed = (latest: number, wanted: number): string =>
  `the rankings serve ${latest === 0 ? 'no window' : `the window to ${clock(latest)}`}, ` +
  `not yet the one to ${clock(wanted)} (./maru logs rank)`

/** `12:34:50` UTC. */
export const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 19)

const barCells = 24

/** A ranking as lines with titles and bars. */
export function rankingLines(
  ranking: Ranking,
  titles: ReadonlyMap<string, string>,
  paint: Paint,
): readonly string[] {
  const names = ranking.map(({ contentId }) => titles.get(contentId) ?? contentId)
  const widest = Math.max(0, ...names.map(widthOf))
  const most = Math.max(1, ...ranking.map(({ count }) => count))
  return ranking.map(({ count, views, likes }, at) => {
    const bar = blocks(Math.max(1, Math.round((count / most) * barCells * 8))).padEnd(barCells)
    const place = String(at + 1).padStart(2)
    const counts = `${String(count).padStart(5)}  ${paint('gray', `${views} views, ${likes} likes`)}`
    return `${place}  ${fit(names[at] ?? '', widest)}  ${paint('green', bar)} ${counts}`
  })
}
