import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import type { Redis } from 'ioredis'
import { request } from 'undici'
import {
  addressOf,
  ownServer,
  testServers,
  type OwnServer,
} from '../../../infra/local/engines/testing.ts'
import { bench, type Bench, type Servers } from '../../kit/testing.ts'
import { wholeFrom } from '../../kit/testing/random.ts'
import { killed } from '../../kit/testing/own-process.ts'
import { topology } from '../../topology.ts'
import { pageView } from '../topics.ts'
import { recount } from '../../../infra/verify/recount.ts'
import service from './service.ts'
import { start } from './start.ts'
import {
  adminRedis,
  books,
  eventLog,
  heldCounts,
  heldScores,
  lines,
  replica,
  scoresOf,
  steadily,
} from './testing.ts'

interface World {
  readonly place: Bench
  readonly redis: Redis
  readonly server: OwnServer
  readonly bootstrap: string
  readonly servers: Servers
  /** Logs that were opened, to be closed. */
  readonly logs: { close(): Promise<void> }[]
  readonly stop: () => Promise<void>
}
type Test = ExecutionContext<World>

const test = anyTest as TestFn<World>

test.beforeEach('topics and Redis of its own', async (t) => {
  const { servers, own, stop } = await testServers('kafka', 'redis')
  const { redis: server } = own
  if (!server || !servers.kafka) throw new Error('Kafka and Redis are needed.')
  const place = await bench(topology, servers)
  const redis = adminRedis(servers)
  const logs: World['logs'] = []
  const stopAll = async (): Promise<void> => {
    await Promise.all(logs.map((log) => log.close()))
    redis.disconnect()
    await place.stop()
    await stop()
  }
  t.context = { place, redis, server, servers, logs, bootstrap: servers.kafka, stop: stopAll }
})

test.afterEach.always(async (t) => t.context.stop())

test.serial('ranks equal a recount of the topic at every border of the rules', async (t) => {
  const views = await topicOf(t)
  await t.context.place.start(service, start)
  await views.takeOwnTimes()
  const begin = Math.ceil(Date.now() / 300_000) * 300_000
  const event = (eventId: string, ts: number, timestamp: number) => ({
    ...{ contentId: 'w-001', action: 'view' as const, eventId },
    ...{ ts: begin + ts, timestamp: begin + timestamp },
  })
  await views.send([
    event('a', 0, 0),
    event('a', 60_000, 60_000),
    event('a', 355_000, 360_000),
    event('a', 360_001, 360_001),
    event('late', 400_000, 460_000),
    event('too late', 400_000, 460_001),
    event('early', 470_000, 465_000),
    event('too early', 470_001, 465_000),
    event('border', 480_000, 480_500),
    event('before border', 479_999, 480_501),
  ])
  await views.counted(t.context.redis)
  t.like(await books(t.context.redis), { counted: 6, duplicate: 2, late: 1, early: 1 })
  await views.write([{ key: 'w-001', value: '{"eventId":' }])
  const random = wholeFrom(3)
  const more = Array.from({ length: 5000 }, (_, at) => ({
    contentId: `w-${random(200)}`,
    eventId: String(random(40)),
    action: random(3) === 0 ? ('like' as const) : ('view' as const),
    ts: begin + at * 200 - random(61_000),
    timestamp: begin + at * 200 + random(3000),
  }))
  await views.send(more)
  await views.counted(t.context.redis)
  await equalsRecount(t, views)
  const {
    counted = 0,
    duplicate = 0,
    late = 0,
    early = 0,
    dead,
    offsets = 0,
  } = await books(t.context.redis)
  t.is(dead, 1)
  t.is(offsets, 5011)
  t.is(counted + duplicate + late + early + 1, offsets)
})

test.serial(
  'two replicas under kill -9, restarts and a hand-over count every event once',
  async (t) => {
    const views = await topicOf(t)
    const first = await replica(t.context.place, 1)
    const second = await replica(t.context.place, 2)
    const load = steadily(t, views, 400)
    await delay(3000)
    await killed(first)
    const third = await replica(t.context.place, 1)
    await delay(2000)
    second.kill('SIGTERM')
    const [code] = (await once(second, 'exit')) as [number]
    t.is(code, 0)
    const fourth = await replica(t.context.place, 2)
    await delay(1000)
    await killed(fourth)
    const fifth = await replica(t.context.place, 2)
    await load.end()
    await views.counted(t.context.redis)
    await Promise.all([third, fifth].map(killed))
    await equalsRecount(t, views)
  },
)

test.serial(
  'after a wipe of Redis everything is counted again, silent partitions too',
  async (t) => {
    const views = await topicOf(t)
    await t.context.place.start(service, start)
    const load = steadily(t, views, 300)
    await delay(2000)
    await t.context.redis.flushall()
    await delay(2000)
    await load.end()
    await views.counted(t.context.redis)
    await equalsRecount(t, views)
    await t.context.redis.flushall()
    await views.counted(t.context.redis)
    await equalsRecount(t, views)
  },
)

test.serial('after a kill -9 of Redis mid-load the counts are exact again', async (t) => {
  const views = await topicOf(t)
  const { admin } = await t.context.place.start(service, start)
  const load = steadily(t, views, 300)
  for (let round = 0; round < 2; round += 1) {
    await delay(1500)
    await t.context.server.crash()
    await delay(500)
    await t.context.server.restart()
  }
  await load.end()
  await views.counted(t.context.redis)
  await equalsRecount(t, views)
  const page = await (await request(`${admin}/metrics`)).body.text()
  t.regex(page, /^rank_redis_errors_total\{cause="unavailable"\} [1-9]/m)
})

test.serial('after a kill -9 of the broker mid-load the counts are exact again', async (t) => {
  t.timeout(180_000)
  const broker = await ownServer('kafka')
  const place = await bench(topology, { ...t.context.servers, ...addressOf('kafka', broker) })
  try {
    await place.start(service, start)
    const views = await eventLog(`127.0.0.1:${broker.port}`, place.prefix + pageView.name)
    t.context.logs.push(views)
    const load = steadily(t, views, 300)
    await delay(2000)
    await broker.crash()
    await broker.restart()
    await delay(2000)
    await load.end()
    await views.counted(t.context.redis)
    await equalsRecount(t, views)
  } finally {
    await place.stop()
    await broker.stop()
  }
})

async function topicOf({ context }: Test) {
  await context.place.environment(service)
  const log = await eventLog(context.bootstrap, context.place.prefix + pageView.name)
  context.logs.push(log)
  return log
}

/** Whole maps are compared: each count of each title in each window. */
async function equalsRecount(t: Test, views: Awaited<ReturnType<typeof topicOf>>): Promise<void> {
  const { counts, counted } = recount(await views.events())
  t.true(counted > 0)
  t.deepEqual(lines(await heldCounts(t.context.redis)), lines(counts))
  t.deepEqual(lines(await heldScores(t.context.redis)), lines(scoresOf(counts)))
}
