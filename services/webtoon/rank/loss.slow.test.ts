import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import type { Redis } from 'ioredis'
import { request } from 'undici'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { killed } from '../../kit/testing/own-process.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { readRank } from '../scopes.ts'
import { pageView } from '../topics.ts'
import { recount, type LogRecord } from '../../../infra/verify/recount.ts'
import service from './service.ts'
import { start } from './start.ts'
import * as world from './testing.ts'

interface World {
  readonly place: Bench
  readonly redis: Redis
  readonly views: world.EventLog
  readonly stop: () => Promise<void>
}
const test = anyTest as TestFn<World>

test.beforeEach('topics and Redis of its own', async (t) => {
  const { servers, stop } = await testServers('kafka', 'redis')
  const place = await bench(topology, servers)
  const redis = world.adminRedis(servers)
  await place.environment(service)
  const views = await world.eventLog(servers.kafka ?? '', place.prefix + pageView.name)
  const stopAll = async (): Promise<void> => {
    await views.close()
    redis.disconnect()
    await place.stop()
    await stop()
  }
  t.context = { place, redis, views, stop: stopAll }
})

test.afterEach.always(async (t) => t.context.stop())

const windowMs = 10_000

/** What a reader was told of the last window of 10 s. */
interface Told {
  readonly end: number
  readonly stale: boolean
  readonly counts: ReadonlyMap<string, number>
}

test.serial(
  'a reader is never told too little while the partitions of a dead replica have no owner',
  async (t) => {
    t.timeout(180_000)
    const { place, redis, views } = t.context
    const survivor = await world.replica(place, 1)
    const victim = await world.replica(place, 2)
    await views.counted(redis)
    const load = world.steadily(t, views, 400)
    // Its partitions have no owner for a session of 10 s: over the border that a reader is about to ask for.
    await delay(windowMs)
    await delay(windowMs - (Date.now() % windowMs) - 1000)
    await killed(victim)
    const told: Told[] = []
    await until(
      'a window that is not counted to its end',
      async () => {
        const one = await ask(t, survivor.url)
        if (one) told.push(one)
        return told.some(({ stale }) => stale)
      },
      60_000,
    )
    await until(
      'the window that is due',
      async () => {
        const one = await ask(t, survivor.url)
        if (one) told.push(one)
        return one?.stale === false
      },
      60_000,
    )
    await load.end()
    await views.counted(redis)
    await killed(survivor)
    const log = await views.events()
    for (const one of told) t.deepEqual(missingIn(one, log), [])
    t.true(told.length > 3)
  },
)

async function ask({ context }: ExecutionContext<World>, url: string): Promise<Told | undefined> {
  const { statusCode, headers, body } = await request(`${url}/rank/top/detail?window=10s&n=1000`, {
    headers: await context.place.bearer(readRank),
  })
  const ranked = (await body.json()) as { contentId: string; count: number }[]
  if (statusCode !== 200 || headers['x-aggregate-end-ms'] === undefined) return undefined
  return {
    end: Number(headers['x-aggregate-end-ms']),
    stale: headers['x-rank-stale-seconds'] !== undefined,
    counts: new Map(ranked.map(({ contentId, count }) => [contentId, count])),
  }
}

/** Titles of which a window shows less than what had been appended by its end. */
function missingIn({ end, counts }: Told, log: readonly LogRecord[]): readonly string[] {
  const known = recount(log.filter(({ timestamp }) => timestamp < end)).counts
  const least = new Map<string, number>()
  for (const [key, count] of known) {
    const [seconds, windowEnd, , contentId = ''] = key.split(':')
    if (seconds === '10' && Number(windowEnd) === end)
      least.set(contentId, (least.get(contentId) ?? 0) + count)
  }
  return [...least]
    .filter(([contentId, count]) => (counts.get(contentId) ?? 0) < count)
    .map(([contentId, count]) => `${contentId}: ${counts.get(contentId) ?? 0} of ${count}`)
}

test.serial('a rebuild by hand brings the same ranks, under load', async (t) => {
  t.timeout(120_000)
  const { place, redis, views } = t.context
  await place.start(service, start)
  const load = world.steadily(t, views, 300)
  await delay(2000)
  await redis.hset('rank:60:999999999990000:views', 'w-wrong', 7)
  const env = await place.environment(service, { replica: 9, env: { LOG_LEVEL: 'info' } })
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const task = spawn(process.execPath, [main, 'rebuild'], { env: { ...process.env, ...env } })
  let said = ''
  task.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(task, 'exit')) as [number]
  t.is(code, 0, said)
  t.regex(said, /rankings are whole/)
  await load.end()
  await views.counted(redis)
  const { counts } = recount(await views.events())
  t.deepEqual(world.lines(await world.heldCounts(redis)), world.lines(counts))
  t.deepEqual(world.lines(await world.heldScores(redis)), world.lines(world.scoresOf(counts)))
})
