import anyTest, { type TestFn } from 'ava'
import type { Redis } from 'ioredis'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { textsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { readRank, readSearch } from '../scopes.ts'
import { pageView, pageViewDeadLetters } from '../topics.ts'
import { recount } from '../../../infra/verify/recount.ts'
import service from './service.ts'
import { start } from './start.ts'
import { adminRedis, books, eventLog, heldCounts, lines } from './testing.ts'

interface World {
  readonly place: Bench
  readonly url: string
  readonly admin: string
  readonly redis: Redis
  readonly bootstrap: string
  readonly views: Awaited<ReturnType<typeof eventLog>>
  readonly stop: () => Promise<void>
}
const test = anyTest as TestFn<World>

test.before('one rank service', async (t) => {
  const { servers, stop } = await testServers('kafka', 'redis')
  const place = await bench(topology, servers)
  const { url, admin } = await place.start(service, start)
  const bootstrap = servers.kafka ?? ''
  const views = await eventLog(bootstrap, place.prefix + pageView.name)
  const redis = adminRedis(servers)
  await views.counted(redis)
  const stopAll = async (): Promise<void> => {
    await views.close()
    redis.disconnect()
    await place.stop()
    await stop()
  }
  t.context = { place, url, admin, redis, bootstrap, views, stop: stopAll }
})

test.after.always(async (t) => t.context.stop())

test.serial('without events a ranking is empty and names no windows', async (t) => {
  const { context } = t
  const { status, body, headers } = await get(context, '/rank/top?window=10s')
  t.is(status, 200)
  t.deepEqual(body, [])
  t.like(headers, { 'x-window': '10s', 'x-aggregate': '1', 'x-aggregate-readfactor': '3' })
  t.is(headers['x-aggregate-end-ms'], undefined)
})

test.serial('a title is served from its last complete window with true borders', async (t) => {
  const { views, redis } = t.context
  const ts = await servedTs(10_000)
  const seen = { contentId: 'w-seen', ts }
  await views.send([
    { ...seen, eventId: '1', action: 'view' },
    { ...seen, eventId: '2', action: 'view' },
    { ...seen, eventId: '2', action: 'view' },
    { ...seen, eventId: '3', action: 'like' },
    { contentId: 'w-b', ts, eventId: '4', action: 'view' },
    { contentId: 'w-a', ts, eventId: '5', action: 'like' },
  ])
  await views.counted(redis)
  const { status, body, headers } = await get(t.context, '/rank/top/detail?window=10s&n=2')
  t.is(status, 200)
  t.deepEqual(body, [
    { contentId: 'w-seen', count: 3, views: 2, likes: 1 },
    { contentId: 'w-a', count: 1, views: 0, likes: 1 },
  ])
  const end = Math.floor(ts / 10_000) * 10_000 + 10_000
  t.like(headers, {
    'x-aggregate-start-ms': String(end - 10_000),
    'x-aggregate-end-ms': String(end),
    'x-window-seconds': '10',
  })
  const top = await get(t.context, '/rank/top?window=10s&aggregate=5')
  t.deepEqual(top.body, ['w-seen', 'w-a', 'w-b'])
  t.is(top.headers['x-aggregate-start-ms'], String(end - 50_000))
})

test.serial('views or likes decide where that is asked for', async (t) => {
  const { views, redis } = t.context
  const ts = await servedTs(10_000)
  const of = (contentId: string, action: 'view' | 'like', count: number) =>
    Array.from({ length: count }, (_, at) => ({ contentId, action, ts, eventId: `${action}${at}` }))
  await views.send([...of('w-x', 'view', 5), ...of('w-y', 'view', 4), ...of('w-y', 'like', 3)])
  await views.counted(redis)
  const idsBy = async (by: string): Promise<unknown[]> => {
    const { body } = await get(t.context, `/rank/top?window=10s&by=${by}`)
    return (body as string[]).filter((id) => id === 'w-x' || id === 'w-y')
  }
  t.deepEqual(await idsBy('count'), ['w-y', 'w-x'])
  t.deepEqual(await idsBy('views'), ['w-x', 'w-y'])
  t.deepEqual(await idsBy('likes'), ['w-y'])
})

test.serial('the other names of windows are taken too', async (t) => {
  for (const window of ['60s', '300s', '1m', '5m']) {
    const { status, headers } = await get(t.context, `/rank/top?window=${window}&n=1000`)
    t.is(status, 200)
    t.is(headers['x-window'], window)
  }
})

test.serial('wrong parameters are refused with their field', async (t) => {
  const wrong = {
    'window=7s': 'query.window',
    '': 'query.window',
    'window=10s&n=0': 'query.n',
    'window=10s&n=-1': 'query.n',
    'window=10s&n=1001': 'query.n',
    'window=10s&n=1e9': 'query.n',
    'window=10s&n=abc': 'query.n',
    'window=10s&n=': 'query.n',
    'window=10s&n=1&n=2': 'query.n',
    'window=10s&aggregate=0': 'query.aggregate',
    'window=10s&aggregate=6': 'query.aggregate',
    'window=10s&by=time': 'query.by',
  }
  for (const [query, field] of Object.entries(wrong))
    for (const path of ['/rank/top', '/rank/top/detail']) {
      const { status, body } = await get(t.context, `${path}?${query}`)
      t.is(status, 400, query)
      t.like(body, { error: 'Invalid parameter', code: 'VALIDATION_ERROR' })
      t.is((body as { errors: { field: string }[] }).errors[0]?.field, field)
    }
})

test.serial('a ranking needs a token with read:rank', async (t) => {
  const { url, place } = t.context
  for (const path of ['/rank/top?window=10s', '/rank/top/detail?window=10s']) {
    t.is((await request(url + path)).statusCode, 401)
    const headers = await place.bearer(readSearch)
    t.is((await request(url + path, { headers })).statusCode, 403)
  }
})

test.serial('what was dropped and counted shows in the metrics', async (t) => {
  const { views, redis, admin } = t.context
  const event = { contentId: 'w-old', action: 'view' as const }
  await views.send([
    { ...event, eventId: 'late', ts: Date.now() - 61_000 },
    { ...event, eventId: 'early', ts: Date.now() + 60_000 },
  ])
  await views.counted(redis)
  const page = await metricsOf(admin)
  t.regex(page, /^late_dropped_total 1$/m)
  t.regex(page, /^rank_events_total\{outcome="early"\} 1$/m)
  t.regex(page, /^rank_events_total\{outcome="duplicate"\} 1$/m)
  t.regex(page, /^rank_redis_updates_total [1-9]\d*$/m)
  t.regex(page, /^rank_redis_errors_total\{cause="unavailable"\} 0$/m)
  t.regex(page, /^rank_fence_lag_records \d+$/m)
})

test.serial(
  'a record that cannot be read goes to the dead letters and its partition goes on',
  async (t) => {
    const { views, redis, place, admin, bootstrap } = t.context
    const { dead: before = 0 } = await books(redis)
    await views.write([{ key: 'w-poison', value: '{"eventId":' }])
    const event = { contentId: 'w-poison', action: 'view' as const }
    await views.send([{ ...event, eventId: 'after', ts: Date.now() }])
    await views.counted(redis)
    t.is((await books(redis))['dead'], before + 1)
    t.true([...(await heldCounts(redis)).keys()].some((key) => key.endsWith(':w-poison')))
    const letters = await textsOf({ bootstrap, prefix: place.prefix }, pageViewDeadLetters)
    t.deepEqual(
      letters.map(({ key, value, headers }) => [key, value, headers['x-original-topic']]),
      [['w-poison', '{"eventId":', pageView.name]],
    )
    t.truthy(letters[0]?.headers['x-error-message'])
    t.regex(await metricsOf(admin), /^rank_events_total\{outcome="dead"\} [1-9]/m)
  },
)

test.serial(
  'what Redis refuses is counted as an error with its cause, and comes again',
  async (t) => {
    const { views, redis, admin } = t.context
    const ts = Date.now()
    const end = Math.floor(ts / 10_000) * 10_000 + 10_000
    await redis.unlink(`rank:10:${end}:views`)
    await redis.set(`rank:10:${end}:views`, 'not a hash')
    await views.send([{ contentId: 'w-again', action: 'view', eventId: 'again', ts }])
    await until('the error', async () =>
      /^rank_redis_errors_total\{cause="refused"\} [1-9]/m.test(await metricsOf(admin)),
    )
    await views.counted(redis)
    t.deepEqual(lines(await heldCounts(redis)), lines(recount(await views.events()).counts))
  },
)

test.serial(
  'a replica whose clock is ten minutes ahead counts and serves the same windows',
  async (t) => {
    const { views, redis, place, url } = t.context
    const clock = () => Date.now() + 600_000
    const ahead = await place.start(service, start, { replica: 2, overrides: { clock } })
    const ids = Array.from({ length: 50 }, (_, at) => `w-clock-${at}`)
    const sendAll = (eventId: string, ts: number) =>
      views.send(ids.map((contentId) => ({ contentId, action: 'view', eventId, ts }) as const))
    await until('the replica ahead counts', async () => {
      await sendAll('given', Date.now())
      return /^rank_redis_updates_total [1-9]/m.test(await metricsOf(ahead.admin))
    })
    await sendAll('ahead', await servedTs(10_000))
    await views.counted(redis)
    t.deepEqual(lines(await heldCounts(redis)), lines(recount(await views.events()).counts))
    const path = '/rank/top/detail?window=10s&n=1000'
    const both = () =>
      Promise.all([url, ahead.url].map((at) => get({ ...t.context, url: at }, path)))
    // Between the two questions a window may end.
    await until('the same window from both', async () => {
      const [one, other] = await both()
      if (one?.headers['x-aggregate-end-ms'] !== other?.headers['x-aggregate-end-ms']) return false
      t.is(other?.status, 200)
      t.deepEqual(other?.body, one?.body)
      return true
    })
  },
)

test.serial('while a partition is counted anew readers are told to come again', async (t) => {
  const { redis } = t.context
  await redis.hdel('rank:whole', '3')
  const { status, body, headers } = await get(t.context, '/rank/top?window=10s')
  t.is(status, 503)
  t.like(body, { code: 'RANK_REBUILDING' })
  t.is(headers['retry-after'], '1')
  t.is((await request(`${t.context.admin}/readyz`)).statusCode, 503)
  await redis.hset('rank:whole', '3', '1')
  t.is((await get(t.context, '/rank/top?window=10s')).status, 200)
})

const metricsOf = async (admin: string): Promise<string> =>
  (await request(`${admin}/metrics`)).body.text()

async function get({ url, place }: Pick<World, 'url' | 'place'>, path: string) {
  const { statusCode, headers, body } = await request(url + path, {
    headers: await place.bearer(readRank),
  })
  return { status: statusCode, headers, body: await body.json() }
}

/** A time whose window is the one that is served for at least the next five seconds. */
async function servedTs(length: number): Promise<number> {
  const intoIt = (Date.now() - 2_000) % length
  if (intoIt > length - 5_000) await delay(length - intoIt + 100)
  return Math.floor((Date.now() - 2_000) / length) * length - length / 2
}
