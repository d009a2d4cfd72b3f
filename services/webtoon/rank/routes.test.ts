import anyTest, { type TestFn } from 'ava'
import type { Redis } from 'ioredis'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import { readRank, readSearch } from '../scopes.ts'
import { pageView } from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'
import { adminRedis, eventLog } from './testing.ts'

interface World {
  readonly place: Bench
  readonly url: string
  readonly admin: string
  readonly redis: Redis
  readonly views: Awaited<ReturnType<typeof eventLog>>
  readonly stop: () => Promise<void>
}
const test = anyTest as TestFn<World>

test.before('one rank service', async (t) => {
  const { servers, stop } = await testServers('kafka', 'redis')
  const place = await bench(topology, servers)
  const { url, admin } = await place.start(service, start)
  const views = await eventLog(servers.kafka ?? '', place.prefix + pageView.name)
  const redis = adminRedis(servers)
  await views.counted(redis)
  const stopAll = async (): Promise<void> => {
    await views.close()
    redis.disconnect()
    await place.stop()
    await stop()
  }
  t.context = { place, url, admin, redis, views, stop: stopAll }
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
  const { body } = await request(`${admin}/metrics`)
  const page = await body.text()
  t.regex(page, /^late_dropped_total 1$/m)
  t.regex(page, /^rank_events_total\{outcome="early"\} 1$/m)
  t.regex(page, /^rank_events_total\{outcome="duplicate"\} 1$/m)
  t.regex(page, /^rank_redis_updates_total [1-9]\d*$/m)
  t.regex(page, /^rank_redis_errors_total 0$/m)
})

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

async function get({ url, place }: World, path: string) {
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
