import test, { type ExecutionContext } from 'ava'
import { setTimeout as pause } from 'node:timers/promises'
import { ownServer, type OwnServer } from '../../infra/local/engines/testing.ts'
import type { RateLimit } from '../model/edge.ts'
import { service } from '../model/service.ts'
import { store } from '../model/store.ts'
import type { Context } from './context.ts'
import { rateLimiter, rateLimitHeaders, type RateLimiter } from './rate-limit.ts'
import { redis } from './redis.ts'
import { contextOf } from './testing/context.ts'

const limits = store('redis', 'limits', { summary: 'Buckets.', keys: ['request_rate_limiter.*'] })
const door = service({
  name: 'door',
  product: 'platform',
  summary: 'Lets in.',
  port: 23002,
  stores: [limits],
  slo: { availability: 99, latency: { p95Ms: 100 } },
})
const base: RateLimit = { perSecond: 10, burst: 20, whenStoreFails: 'open', exact: false }

async function server(t: ExecutionContext): Promise<OwnServer> {
  const own = await ownServer('redis')
  t.teardown(async () => {
    own.kill('SIGCONT')
    await own.stop()
  })
  return own
}

interface Instance extends Partial<RateLimit> {
  /** Its wall clock. */
  clock?: () => number
  /** Long, because counts must be exact on a busy machine too; the tests of outages use the default. */
  patienceMs?: number
}

/** One gateway instance. */
async function instance(t: ExecutionContext, own: OwnServer, wishes: Instance = {}) {
  const { clock = Date.now, patienceMs = 5000, ...limit } = wishes
  const env = {
    REDIS_LIMITS_HOST: '127.0.0.1',
    REDIS_LIMITS_PORT: String(own.port),
    REDIS_LIMITS_DATABASE: 'limits',
    REDIS_LIMITS_USER: 'default',
    REDIS_LIMITS_PASSWORD: own.site.password,
  }
  const context = contextOf(door, env, { clock })
  const connection = await redis(context, limits)
  t.teardown(() => context.life.stop(0, 1000))
  const options = { route: 'shop', limit: { ...base, ...limit }, patienceMs }
  const limiter = rateLimiter(context, connection, options)
  return { context, connection, limiter }
}

const allowedOf = async (limiter: RateLimiter, count: number, key = 'u-1'): Promise<number> => {
  const decisions = await Promise.all(Array.from({ length: count }, () => limiter.take(key)))
  return decisions.filter((one) => one.allowed).length
}

test.serial('a burst passes, the next request does not, and others are not touched', async (t) => {
  const { limiter } = await instance(t, await server(t), { perSecond: 1 })
  t.is(await allowedOf(limiter, 100), 20)
  const refused = await limiter.take('u-1')
  t.like(refused, { allowed: false, remaining: 0, limit: 20, resetSeconds: 20, decidedBy: 'store' })
  t.true((await limiter.take('u-2')).allowed)
})

test.serial('remaining goes down by one per request, across leases', async (t) => {
  const { limiter } = await instance(t, await server(t), { perSecond: 0.01, burst: 100 })
  const seen: number[] = []
  for (let round = 0; round < 100; round += 1) seen.push((await limiter.take('u-1')).remaining)
  t.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, at) => 99 - at),
  )
})

test.serial(
  'three instances together accept no more than rate times time plus burst',
  async (t) => {
    const own = await server(t)
    const limit = { perSecond: 50, burst: 100 }
    const gateways = await Promise.all([1, 2, 3].map(() => instance(t, own, limit)))
    const startedAt = performance.now()
    let accepted = 0
    while (performance.now() - startedAt < 3000) {
      const counts = await Promise.all(gateways.map(({ limiter }) => allowedOf(limiter, 5)))
      accepted += counts.reduce((sum, count) => sum + count, 0)
      await pause(20)
    }
    const most = (limit.perSecond * (performance.now() - startedAt)) / 1000 + limit.burst
    t.log(`accepted ${accepted} of at most ${Math.floor(most)}`)
    t.true(accepted <= most)
    t.true(accepted >= most * 0.95)
  },
)

test.serial('waiting for Retry-After and asking once succeeds', async (t) => {
  const { limiter } = await instance(t, await server(t), { perSecond: 0.9, burst: 2 })
  const keys = Array.from({ length: 100 }, (_, at) => `u-${at}`)
  const patient = async (key: string): Promise<boolean> => {
    await allowedOf(limiter, 3, key)
    const refused = await limiter.take(key)
    t.false(refused.allowed)
    await pause(refused.retryAfterSeconds * 1000)
    return (await limiter.take(key)).allowed
  }
  const again = await Promise.all(keys.map(patient))
  t.is(again.filter(Boolean).length, 100)
})

test.serial('buckets have the names of the contract and every key expires', async (t) => {
  const { limiter, connection } = await instance(t, await server(t))
  await allowedOf(limiter, 30, 'u-7')
  const keys = (await connection.call('KEYS', '*')) as string[]
  t.deepEqual(keys.sort(), [
    'request_rate_limiter.{shop.u-7}.timestamp',
    'request_rate_limiter.{shop.u-7}.tokens',
  ])
  for (const key of keys) {
    const seconds = Number(await connection.call('TTL', key))
    t.true(seconds > 0 && seconds <= 4)
  }
})

test.serial('an instance whose clock is ten minutes wrong changes nothing', async (t) => {
  const own = await server(t)
  const exact = { exact: true, perSecond: 0.1 }
  const right = await instance(t, own, exact)
  const early = await instance(t, own, { ...exact, clock: () => Date.now() - 600_000 })
  const late = await instance(t, own, { ...exact, clock: () => Date.now() + 600_000 })
  t.is(await allowedOf(right.limiter, 10), 10)
  t.is(await allowedOf(late.limiter, 9), 9)
  t.is(await allowedOf(early.limiter, 9), 1)
  t.is(await allowedOf(right.limiter, 9), 0)
})

test.serial(
  'leases ask Redis once for five percent of the burst, exact asks every time',
  async (t) => {
    const own = await server(t)
    const asked = async (exact: boolean): Promise<number> => {
      const { limiter, connection } = await instance(t, own, { perSecond: 0.01, burst: 100, exact })
      await connection.call('CONFIG', 'RESETSTAT')
      for (let round = 0; round < 50; round += 1) await limiter.take(`exact-${exact}`)
      const stats = String(await connection.call('INFO', 'commandstats'))
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1])
    }
    t.is(await asked(false), 10)
    t.is(await asked(true), 50)
  },
)

test.serial('a lease is answered at once, without a promise', async (t) => {
  const { limiter } = await instance(t, await server(t), { burst: 100 })
  await limiter.take('u-1')
  t.false(limiter.take('u-1') instanceof Promise)
})

test.serial('a request may cost many tokens', async (t) => {
  const { limiter } = await instance(t, await server(t), { burst: 1000, perSecond: 1 })
  t.true((await limiter.take('u-1', 500)).allowed)
  t.true((await limiter.take('u-1', 500)).allowed)
  t.like(await limiter.take('u-1', 500), { allowed: false, retryAfterSeconds: 500 })
})

/** How often the store was asked, as the service map counts it. */
async function askedOf({ meter }: Context): Promise<number> {
  const text = await meter.registry.metrics()
  return Number(/graph_request_total\{[^}]*server="redis:limits"[^}]*\} (\d+)/.exec(text)?.[1])
}

for (const [whenStoreFails, most, decided] of [
  ['open', 30, true],
  ['local', 20, true],
  ['closed', 0, false],
] as const) {
  test.serial(
    `while Redis hangs the policy "${whenStoreFails}" decides within 50 ms`,
    async (t) => {
      const own = await server(t)
      const { limiter, context } = await instance(t, own, {
        whenStoreFails,
        perSecond: 0.01,
        patienceMs: 40,
      })
      own.kill('SIGSTOP')
      const waits: number[] = []
      let accepted = 0
      for (let round = 0; round < 30; round += 1) {
        const startedAt = performance.now()
        const decision = await limiter.take('u-1')
        waits.push(performance.now() - startedAt)
        t.is(decision.decidedBy, whenStoreFails)
        accepted += Number(decision.allowed)
      }
      const elapsed = waits.reduce((sum, ms) => sum + ms, 0)
      // Three in a row, then one a second. The best of them, since a busy test machine adds time of its own.
      t.true(Math.min(...waits.slice(0, 3)) <= 60, waits.slice(0, 3).join())
      await pause(400)
      t.true((await askedOf(context)) <= 3 + Math.floor(elapsed / 1000))
      t.is(accepted, most)
      t.is((await limiter.take('u-2')).allowed, decided)
      const metrics = await context.meter.registry.metrics()
      t.regex(
        metrics,
        new RegExp(
          `rate_limit_store_failures_total\\{[^}]*policy="${whenStoreFails}"[^}]*\\} 31\n`,
        ),
      )
      own.kill('SIGCONT')
      for (;;) {
        if ((await limiter.take('u-3')).decidedBy === 'store') break
        await pause(50)
      }
    },
  )
}

test.serial('headers say what clients of the earlier gateway and of the draft expect', (t) => {
  const limit = { ...base, perSecond: 10, burst: 20 }
  const decision = { remaining: 0, limit: 20, resetSeconds: 2, decidedBy: 'store' } as const
  const refused = rateLimitHeaders(limit, { ...decision, allowed: false, retryAfterSeconds: 1 })
  t.deepEqual(refused, {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-replenish-rate': '10',
    'x-ratelimit-burst-capacity': '20',
    'x-ratelimit-requested-tokens': '1',
    ratelimit: '"default";r=0;t=2',
    'ratelimit-policy': '"default";q=20;w=2',
    'retry-after': '1',
  })
  const allowed = rateLimitHeaders(limit, { ...decision, allowed: true, retryAfterSeconds: 0 })
  t.false('retry-after' in allowed)
})
