import { Redis } from 'ioredis'
import { textsOf } from '../../services/kit/testing/records.ts'
import { pageView } from '../../services/webtoon/topics.ts'
import { poll } from '../local/poll.ts'
import type { Check, Platform } from './check.ts'
import { heldBooks, heldCounts } from './held.ts'
import { recount, type LogRecord } from './recount.ts'

/** Long enough for every window of 10 s and 60 s that is still kept, and before it for the copies of its events. */
const lookBackMs = 16 * 60_000
const duplicateMs = 360_000
const lateMs = 60_000
const earlyMs = 5_000
const readWithinMs = 120_000
const countedWithinMs = 20_000

/** A window is kept for seven of its lengths and a minute (contract). */
const keptMs = (seconds: number): number => seconds * 7000 + 60_000

/** The rankings against the log: the judge shares no code with the service. */
export const rankings: Check = {
  name: 'rankings',
  says: 'windows hold what a recount of Kafka gives',
  run: async (platform) => {
    const redis = new Redis(platform.redis)
    try {
      const began = Date.now()
      const since = began - lookBackMs
      const log = await pageViews(platform, since)
      await countedUpTo(redis, log)
      const counts = recount(log).counts
      const held = await heldCounts(redis)
      const now = Date.now()
      // Nothing more can come into these, nothing before the log was read is missing, and they are kept for a while.
      const judged = (key: string): boolean => {
        const [seconds = 0, end = 0] = key.split(':').map(Number)
        const first = end - seconds * 1000
        const isWhole = first - duplicateMs - earlyMs >= since && end + lateMs + earlyMs < began
        return isWhole && now + 5000 < end + keptMs(seconds)
      }
      const keys = [...new Set([...counts.keys(), ...held.keys()])].filter(judged)
      const wrong = keys.filter((key) => counts.get(key) !== held.get(key))
      return {
        seen: log.length,
        unit: `records, ${keys.length} counts`,
        broken: wrong
          .slice(0, 20)
          .map(
            (key) => `${key}: ${held.get(key) ?? 0} are held, the log has ${counts.get(key) ?? 0}`,
          ),
      }
    } finally {
      redis.disconnect()
    }
  },
}

/** Consumed = processed + left out, in each partition: kept in one step with the fence. */
export const rankingBooks: Check = {
  name: 'books of rank',
  says: 'every offset up to the fence is counted, a duplicate, late, early or dead',
  run: async ({ redis: url }) => {
    const redis = new Redis(url)
    try {
      const books = await heldBooks(redis)
      const sum = ({ lines }: (typeof books)[number]): number =>
        Object.values(lines).reduce((total, count) => total + count, 0)
      return {
        seen: books.length,
        unit: 'partitions',
        broken: books
          .filter((one) => sum(one) !== one.offsets)
          .map(
            (one) =>
              `partition ${one.partition}: ${one.offsets} offsets were consumed, the books know of ${sum(one)}`,
          ),
      }
    } finally {
      redis.disconnect()
    }
  },
}

async function pageViews({ kafka }: Platform, since: number): Promise<readonly LogRecord[]> {
  const shelf = { bootstrap: kafka, prefix: '' }
  const texts = await textsOf(shelf, pageView, readWithinMs, since)
  return texts.flatMap(({ value, partition, offset, timestamp }) => {
    const event = pageView.schema.safeParse(jsonOf(value)).data
    if (!event) return []
    const { contentId, eventId, ts, props } = event
    return [{ partition, offset, timestamp, contentId, eventId, ts, action: props.action }]
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Waits until the fences have passed all that was read; what is not counted in time shows as a difference. */
async function countedUpTo(redis: Redis, log: readonly LogRecord[]): Promise<void> {
  const last = new Map<number, number>()
  for (const { partition, offset } of log)
    last.set(partition, Math.max(last.get(partition) ?? 0, Number(offset)))
  const done = async (): Promise<true | undefined> => {
    const fences = new Map((await heldBooks(redis)).map((one) => [one.partition, one.fence]))
    return [...last].every(([partition, offset]) => (fences.get(partition) ?? 0) > offset)
      ? true
      : undefined
  }
  await poll(done, { withinMs: countedWithinMs, everyMs: 200 })
}
