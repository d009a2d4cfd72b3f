import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { within } from '../../kit/within.ts'
import type { Bench, Servers } from '../../kit/testing.ts'
import { wholeFrom } from '../../kit/testing/random.ts'
import { ownProcess, type OwnProcess } from '../../kit/testing/own-process.ts'
import { topicLog, type TopicLog } from '../../kit/testing/topic-log.ts'
import { heldBooks, heldCounts } from '../../../infra/verify/held.ts'
import type { Counts, LogRecord } from '../../../infra/verify/recount.ts'
import service from './service.ts'

export { heldCounts }

/** An event of the log, without its place. */
export type Event = Omit<LogRecord, 'partition' | 'offset' | 'timestamp'>

/** The rankings' Redis, looked at as its administrator. */
export function adminRedis({ redis }: Servers): Redis {
  if (!redis) throw new Error('The test has no Redis.')
  const admin = new Redis({ ...redis, retryStrategy: () => 100 })
  return admin.on('error', () => undefined)
}

/** The sorted sets, as sums: `<seconds>:<end ms>:<contentId>` → score. */
export async function heldScores(redis: Redis): Promise<ReadonlyMap<string, number>> {
  const held = new Map<string, number>()
  for (const key of await redis.keys('rank:*')) {
    if (!/^rank:\d+:\d+$/.test(key)) continue
    const flat = await redis.zrange(key, '0', '-1', 'WITHSCORES')
    for (let at = 0; at < flat.length; at += 2)
      held.set(`${key.slice('rank:'.length)}:${flat[at]}`, Number(flat[at + 1]))
  }
  return held
}

/** Views and likes of a recount added up, one each. */
export function scoresOf(counts: Counts): ReadonlyMap<string, number> {
  const scores = new Map<string, number>()
  for (const [key, count] of counts) {
    const title = key.replace(/:(views|likes):/, ':')
    scores.set(title, (scores.get(title) ?? 0) + count)
  }
  return scores
}

/** Maps as sorted lines, so that a difference reads well. */
export const lines = (counts: ReadonlyMap<string, number>): readonly string[] =>
  [...counts].map(([key, count]) => `${key} = ${count}`).sort()

/** The books of all partitions added up. */
export async function books(redis: Redis): Promise<Record<string, number>> {
  const sum: Record<string, number> = { offsets: 0 }
  for (const { offsets, lines: found } of await heldBooks(redis))
    for (const [line, count] of Object.entries({ ...found, offsets }))
      sum[line] = (sum[line] ?? 0) + count
  return sum
}

export type EventLog = Awaited<ReturnType<typeof eventLog>>

/** The topic of page views, written and read beside the service. */
export async function eventLog(bootstrap: string, topic: string) {
  const raw = await topicLog(bootstrap, topic)
  return {
    ...raw,
    /** `timestamp` has an effect after `takeOwnTimes`. */
    send: (events: readonly (Event & { timestamp?: number })[]): Promise<void> =>
      raw.write(
        events.map(({ action, timestamp, ...rest }) => ({
          key: rest.contentId,
          value: JSON.stringify({ ...rest, props: { action } }),
          ...(timestamp !== undefined && { timestamp }),
        })),
      ),
    /** Everything that is an event. */
    events: async (): Promise<readonly LogRecord[]> =>
      (await raw.read()).flatMap(({ value, ...place }) => {
        const event = eventOf(value)
        return event ? [{ ...place, ...event }] : []
      }),
    /** Resolves when every partition is counted to its end. */
    counted: (redis: Redis, withinMs = 60_000): Promise<void> =>
      within(allCounted(raw, redis), withinMs, 'the log was not counted in time'),
  }
}

async function allCounted(raw: TopicLog, redis: Redis): Promise<void> {
  const done = async (): Promise<boolean> => {
    const ends = await raw.ends()
    const fences = await redis.mget(ends.map(({ partition }) => `rank:fence:${partition}`))
    const whole = await redis.hlen('rank:whole')
    return whole === ends.length && ends.every(({ high }, at) => BigInt(fences[at] ?? -1) >= high)
  }
  // A topic that was just made has no leader for a moment, and Redis may be down on purpose.
  while (!(await done().catch(() => false))) await delay(50)
}

function eventOf(value: string): Event | undefined {
  try {
    const { contentId, eventId, ts, props } = JSON.parse(value) as Omit<Event, 'action'> & {
      props: Pick<Event, 'action'>
    }
    return { contentId, eventId, ts, action: props.action }
  } catch {
    return undefined
  }
}

/** Writes about `perSecond` events, every tenth a copy, some late, until `end` or the end of the test. */
export function steadily(
  t: ExecutionContext<unknown>,
  views: Pick<EventLog, 'send'>,
  perSecond: number,
) {
  const random = wholeFrom(7)
  const sent: Event[] = []
  let stopped = false
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const events = Array.from({ length: perSecond / 20 }, () => someEvent(random, sent))
      // A broker that is away on purpose: whether such a batch was appended is what the log says.
      await views.send(events).catch(() => undefined)
      await delay(50)
    }
  }
  const running = loop()
  const end = async (): Promise<void> => {
    stopped = true
    await running
  }
  t.teardown(end)
  return { end }
}

/** Windows that are short lived must outlive the test: no event lies more than 62 s back, and tests are short. */
function someEvent(random: (below: number) => number, sent: Event[]): Event {
  const copy = sent[random(sent.length || 1)]
  if (copy && random(10) === 0) return copy
  const event: Event = {
    contentId: `w-${random(60)}`,
    eventId: String(sent.length),
    action: random(5) === 0 ? 'like' : 'view',
    ts: Date.now() - (random(50) === 0 ? 62_000 : random(20_000)),
  }
  sent.push(event)
  return event
}

/** A replica as a process of its own, ready to be killed. */
export const replica = async (place: Bench, number: number): Promise<OwnProcess> =>
  ownProcess(service, await place.environment(service, { replica: number }))
