import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import kafkajs from 'kafkajs'
import { within } from '../../kit/lifecycle.ts'
import type { Servers } from '../../kit/testing.ts'
import type { Counts, LogRecord } from './recount.ts'

/** An event of the log, without its place. */
export type Event = Omit<LogRecord, 'partition' | 'offset' | 'timestamp'>

/** The rankings' Redis, looked at as its administrator. */
export const adminRedis = ({ redis }: Servers): Redis =>
  new Redis({ ...redis, lazyConnect: false, retryStrategy: () => 100 }).on('error', () => undefined)

/** Everything that the window hashes hold, in the form of a recount. */
export async function heldCounts(redis: Redis): Promise<Counts> {
  const held = new Map<string, number>()
  for (const kind of ['views', 'likes'])
    for (const key of await redis.keys(`rank:*:${kind}`))
      for (const [contentId, count] of Object.entries(await redis.hgetall(key)))
        held.set(`${key.slice('rank:'.length)}:${contentId}`, Number(count))
  return held
}

/** The sorted sets, as sums: `<seconds>:<end ms>:<contentId>` → score. */
export async function heldScores(redis: Redis): Promise<ReadonlyMap<string, number>> {
  const held = new Map<string, number>()
  for (const key of await redis.keys('rank:*')) {
    if (!/^rank:\d+:\d+$/.test(key)) continue
    const flat = await redis.zrange(key, 0, -1, 'WITHSCORES')
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

/** The books of all partitions added up, and how many offsets lie between their beginnings and their fences. */
export async function books(redis: Redis): Promise<Record<string, number>> {
  const sum: Record<string, number> = { offsets: 0 }
  for (const key of await redis.keys('rank:books:*')) {
    const book = await redis.hgetall(key)
    for (const line of ['counted', 'duplicate', 'late', 'early', 'dead'])
      sum[line] = (sum[line] ?? 0) + Number(book[line] ?? 0)
    const fence = await redis.get(key.replace('books', 'fence'))
    sum['offsets'] = (sum['offsets'] ?? 0) + Number(fence) - Number(book['from'])
  }
  return sum
}

/** Numbers that repeat, so that a red run can be run again. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Writes to a topic and reads it back, beside the kit. */
export async function log(bootstrap: string, topic: string) {
  const client = new kafkajs.Kafka({
    brokers: bootstrap.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const producer = client.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  return {
    /** Where the topic takes the records' own times, `timestamp` sets them. */
    write: async (events: readonly (Event & { timestamp?: number })[]): Promise<void> => {
      const messages = events.map(({ action, timestamp, ...rest }) => ({
        key: rest.contentId,
        value: JSON.stringify({ ...rest, props: { action } }),
        ...(timestamp !== undefined && { timestamp: String(timestamp) }),
      }))
      await producer.send({ topic, messages, acks: -1 })
    },
    writeRaw: async (key: string, value: string): Promise<void> => {
      await producer.send({ topic, messages: [{ key, value }], acks: -1 })
    },
    /** Lets record times be forged: the rules at their borders cannot be reached with the broker's clock. */
    takeOwnTimes: () => setTopicTime(client, topic),
    read: () => readAll(client, topic),
    /** Resolves when every partition is counted to its end. */
    counted: (redis: Redis, withinMs = 60_000) =>
      within(allCounted(client, topic, redis), withinMs, 'the log was not counted in time'),
    close: () => producer.disconnect(),
  }
}

async function allCounted(client: kafkajs.Kafka, topic: string, redis: Redis): Promise<void> {
  const admin = client.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const keys = ends.map(({ partition }) => `rank:fence:${partition}`)
  for (;;) {
    const fences = await redis.mget(keys).catch(() => [])
    const whole = await redis.hlen('rank:whole').catch(() => 0)
    const done = ends.every(({ high }, at) => Number(fences[at] ?? -1) >= Number(high))
    if (done && whole === ends.length) return
    await delay(50)
  }
}

async function setTopicTime(client: kafkajs.Kafka, topic: string): Promise<void> {
  const admin = client.admin()
  await admin.connect()
  const name = 'message.timestamp.type'
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: [
          { name, value: 'CreateTime' },
          { name: 'retention.ms', value: '-1' },
        ],
      },
    ],
  })
  await admin.disconnect()
}

async function readAll(client: kafkajs.Kafka, topic: string): Promise<readonly LogRecord[]> {
  const admin = client.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  const found = new Map<string, LogRecord>()
  if (wanted === 0) return []
  const consumer = client.consumer({ groupId: `${topic}-recount-${process.hrtime.bigint()}` })
  const complete = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const place = { partition, offset: BigInt(message.offset) }
      const record = { ...place, timestamp: Number(message.timestamp), ...eventOf(message.value) }
      found.set(`${partition}:${message.offset}`, record)
      if (found.size >= wanted) complete.resolve()
    },
  })
  await complete.promise
  await consumer.disconnect()
  return [...found.values()].filter(({ contentId }) => contentId !== '')
}

/** A value that is no event comes back without a title and is left out. */
function eventOf(value: Buffer | null): Event {
  try {
    const { contentId, eventId, ts, props } = JSON.parse(String(value)) as {
      contentId: string
      eventId: string
      ts: number
      props: { action: 'view' | 'like' }
    }
    return { contentId, eventId, ts, action: props.action }
  } catch {
    return { contentId: '', eventId: '', ts: 0, action: 'view' }
  }
}
