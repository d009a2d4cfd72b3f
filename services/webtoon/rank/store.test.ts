import anyTest, { type TestFn } from 'ava'
import type { Redis } from 'ioredis'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { bench } from '../../kit/testing.ts'
import { wholeFrom } from '../../kit/testing/random.ts'
import { topology } from '../../topology.ts'
import type { Appended } from './packing.ts'
import { inOrder } from './ranking.ts'
import { recount, type LogRecord } from '../../../infra/verify/recount.ts'
import service from './service.ts'
import { openStore, type RankStore } from './store.ts'
import { adminRedis, books, heldCounts, heldScores, lines, scoresOf } from './testing.ts'

const test = anyTest as TestFn<{
  store: RankStore
  weighed: RankStore
  redis: Redis
  stop: () => Promise<void>
}>
const partition = 7
const now = Date.now()

test.before('a Redis of its own', async (t) => {
  const { servers, stop } = await testServers('redis')
  const place = await bench(topology, servers)
  let store: RankStore | undefined
  let weighed: RankStore | undefined
  await place.start(service, async (context) => {
    store = await openStore(context, { view: 1, like: 1 })
    weighed = await openStore(context, { view: 0, like: 5 })
    return { url: '' }
  })
  if (!store || !weighed) throw new Error('The store was not opened.')
  const redis = adminRedis(servers)
  const stopAll = async (): Promise<void> => {
    redis.disconnect()
    await place.stop()
    await stop()
  }
  t.context = { store, weighed, redis, stop: stopAll }
})

test.after.always(async (t) => t.context.stop())

test.beforeEach(async ({ context: { redis, store } }) => {
  await redis.flushall()
  await store.adopt(partition, { start: 0n, goal: 0n })
})

test.serial(
  'the 360 s of a duplicate are exact to the millisecond, also across shards',
  async (t) => {
    const begin = now - 500_000
    for (const shift of [0, 1, 30_000, 59_999]) {
      const at = (ms: number) => begin + shift + ms
      const one = (eventId: string, ms: number) =>
        record({ eventId, timestamp: at(ms), ts: at(ms) })
      const log = [
        ...[one('inside', 0), one('outside', 0), one('not prolonged', 0)],
        one('not prolonged', 300_000),
        one('inside', 360_000),
        ...[one('outside', 360_001), one('not prolonged', 360_001)],
      ]
      await t.context.redis.flushall()
      await t.context.store.adopt(partition, { start: 0n, goal: 0n })
      for (const single of placed(log)) await countUp(t.context.store, [single])
      t.like(await books(t.context.redis), { counted: 5, duplicate: 2 }, String(shift))
    }
  },
)

test.serial(
  'random logs with copies, disorder and bad times give what a recount gives',
  async (t) => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      await t.context.redis.flushall()
      await t.context.store.adopt(partition, { start: 0n, goal: 0n })
      const random = wholeFrom(seed)
      const log = placed(randomLog(random, 6000))
      for (let at = 0; at < log.length;) {
        const size = 1 + random(900)
        await countUp(t.context.store, log.slice(at, at + size))
        at += size
      }
      const { counts, ...sums } = recount(log)
      t.deepEqual(lines(await heldCounts(t.context.redis)), lines(counts), `seed ${seed}`)
      t.deepEqual(lines(await heldScores(t.context.redis)), lines(scoresOf(counts)))
      t.like(await books(t.context.redis), { ...sums, dead: 0, offsets: log.length })
    }
  },
)

test.serial(
  'a stretch that does not begin at the fence changes nothing and learns the fence',
  async (t) => {
    const { store, redis } = t.context
    const log = placed(randomLog(wholeFrom(9), 10))
    await countUp(store, log)
    const before = lines(await heldCounts(redis))
    t.deepEqual(await apply(store, log), { fence: 10n })
    const gap = placed(randomLog(wholeFrom(9), 3)).map((one) => ({
      ...one,
      offset: one.offset + 20n,
    }))
    t.deepEqual(await apply(store, gap), { fence: 10n })
    await redis.del(`rank:fence:${partition}`)
    t.deepEqual(await apply(store, log), { fence: undefined })
    t.deepEqual(lines(await heldCounts(redis)), before)
  },
)

test.serial('a fence that vanished alone makes everything be counted anew', async (t) => {
  const { store, redis } = t.context
  const log = placed(randomLog(wholeFrom(5), 200))
  await countUp(store, log)
  await redis.del(`rank:fence:${partition}`)
  t.deepEqual(await store.adopt(partition, { start: 0n, goal: 200n }), { fence: 0n, anew: true })
  t.is((await store.standing(24)).whole, 0)
  await countUp(store, log)
  t.is((await store.standing(24)).whole, 1)
  t.deepEqual(lines(await heldCounts(redis)), lines(recount(log).counts))
})

test.serial('an update that fails half-way takes the fence with it', async (t) => {
  const { store, redis } = t.context
  const ts = Math.ceil(now / 300_000) * 300_000
  await redis.set(`rank:10:${ts + 10_000}:views`, 'not a hash')
  const log = placed([record({ ts, timestamp: ts })])
  await t.throwsAsync(apply(store, log), { message: /WRONGTYPE/ })
  t.is(await redis.get(`rank:fence:${partition}`), null)
  await store.adopt(partition, { start: 0n, goal: 1n })
  await countUp(store, log)
  t.deepEqual(lines(await heldCounts(redis)), lines(recount(log).counts))
})

test.serial(
  'a window whose time is over does not come back, and the pointer never moves back',
  async (t) => {
    const { store, redis } = t.context
    const old = now - 3_600_000
    const newer = record({ ts: now - 20_000, timestamp: now - 20_000 })
    const older = record({ eventId: 'older', ts: now - 40_000, timestamp: now - 19_000 })
    const log = placed([record({ eventId: 'old', ts: old, timestamp: old }), newer, older])
    await countUp(store, log.slice(0, 1))
    t.deepEqual(await redis.keys('rank:*:views'), [])
    await countUp(store, log.slice(1, 2))
    const pointer = await redis.get('rank:latest:10')
    await countUp(store, log.slice(2))
    t.is(await redis.get('rank:latest:10'), pointer)
    const end = Math.floor((now - 20_000) / 10_000) * 10_000 + 10_000
    t.is(pointer, `rank:10:${end}`)
    t.is(await redis.pexpiretime(`rank:10:${end}`), end + 130_000)
    t.is(await redis.pexpiretime(`rank:10:${end}:views`), end + 130_000)
  },
)

test.serial(
  'dedupe memory for 2,000 events a second stays under 64 MiB and goes whole',
  async (t) => {
    const { store, redis } = t.context
    const [perSecond, seconds] = [2000, 480]
    const sample = 20
    const begin = Math.floor(now / 60_000) * 60_000 - seconds * 1000
    const usedBefore = await memoryOf(redis)
    let offset = 0n
    for (let minute = 0; minute < seconds / 60; minute += 1) {
      const log = Array.from({ length: (perSecond * 60) / sample }, (_, at): LogRecord => {
        const timestamp = begin + minute * 60_000 + ((at * 7) % 60_000)
        const place = { partition, offset: offset + BigInt(at) }
        return { ...record({ eventId: `e-${minute}-${at}`, ts: timestamp, timestamp }), ...place }
      })
      offset += BigInt(log.length)
      await countUp(store, log)
    }
    const bytes = ((await memoryOf(redis)) - usedBefore) * sample
    const shards = await redis.keys('rank:seen:*')
    t.log(`${(bytes / 2 ** 20).toFixed(1)} MiB, ${shards.length} shards`)
    t.true(bytes < 64 * 2 ** 20, `${bytes} bytes`)
    const later = { ...record({ ts: begin, timestamp: begin }), partition, offset }
    const future = now + 3_600_000
    await countUp(store, [{ ...later, eventId: 'later', ts: future, timestamp: future }])
    t.is((await redis.keys('rank:seen:*')).length, 1)
  },
)

test.serial('the first n are cut by count and then by contentId', async (t) => {
  const { store } = t.context
  const ts = Math.floor(now / 10_000) * 10_000
  const views = { 'w-a': 1, 'w-b': 2, 'w-c': 2, 'w-d': 2, 'w-e': 3, 'w-f': 1 }
  const log = Object.entries(views).flatMap(([contentId, count]) =>
    Array.from({ length: count }, (_, at) =>
      record({ contentId, eventId: String(at), ts, timestamp: ts }),
    ),
  )
  await countUp(store, placed(log))
  const expected = ['w-e', 'w-b', 'w-c', 'w-d', 'w-a', 'w-f']
  for (const n of [1, 2, 3, 4, 5, 6, 100]) {
    const { value } = await store.top(10, ts + 10_000, n)
    t.deepEqual(
      inOrder(value).map(({ contentId }) => contentId),
      expected.slice(0, n),
    )
    for (const { contentId, count } of value) t.is(count, views[contentId as keyof typeof views])
  }
})

test.serial('weights decide what the sorted sets add up; the hashes keep both apart', async (t) => {
  const { weighed, redis } = t.context
  const ts = Math.floor(now / 10_000) * 10_000
  const one = { ts, timestamp: ts }
  const log = [
    record({ ...one, contentId: 'w-seen' }),
    record({ ...one, contentId: 'w-liked', action: 'like' }),
    record({ ...one, contentId: 'w-liked', eventId: 'e-2' }),
  ]
  await countUp(weighed, placed(log))
  const scores = [...(await heldScores(redis))].filter(([key]) => key.startsWith('10:'))
  t.deepEqual(scores, [[`10:${ts + 10_000}:w-liked`, 5]])
  t.deepEqual(lines(await heldCounts(redis)), lines(recount(placed(log)).counts))
})

function record(wish: Partial<LogRecord>): LogRecord {
  const place = { partition, offset: 0n }
  const event = { contentId: 'w-001', eventId: 'e-1', action: 'view' as const }
  return { ...place, ...event, ts: now, timestamp: now, ...wish }
}

const placed = (log: readonly LogRecord[]): readonly LogRecord[] =>
  log.map((one, at) => ({ ...one, offset: BigInt(at) }))

/**
 * Some 15 minutes of one partition, with copies near and far and times on both sides of the limits. They lie ahead,
 * so that no window's time is over.
 */
function randomLog(random: (below: number) => number, length: number): readonly LogRecord[] {
  const begin = now + 60_000
  return Array.from({ length }, (_, at) => {
    const timestamp = begin + Math.floor((at * 900_000) / length) + random(20)
    const late = random(20) === 0 ? 59_990 + random(20) : random(30_000)
    const ts = random(20) === 0 ? timestamp + 4_990 + random(20) : timestamp - late
    return record({
      contentId: `w-${random(30)}`,
      eventId: String(random(150)),
      action: random(4) === 0 ? 'like' : 'view',
      timestamp,
      ts: random(10) === 0 ? Math.floor(ts / 10_000) * 10_000 : ts,
    })
  })
}

function apply(store: RankStore, log: readonly LogRecord[]) {
  const records = log.map(({ offset, timestamp, contentId, eventId, ts, action }): Appended => ({
    offset,
    timestamp,
    value: { contentId, eventId, ts, props: { action } },
  }))
  const first = log[0]?.offset ?? 0n
  return store.apply(partition, { first, next: first + BigInt(log.length), records })
}

async function countUp(store: RankStore, log: readonly LogRecord[]): Promise<void> {
  for (let at = 0; at < log.length; at += 1000) {
    const applied = await apply(store, log.slice(at, at + 1000))
    if ('fence' in applied) throw new Error(`The fence is at ${applied.fence}.`)
  }
}

async function memoryOf(redis: Redis): Promise<number> {
  const keys = await redis.keys('rank:seen:*')
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)))
  return sizes.reduce<number>((sum, size) => sum + Number(size), 0)
}
