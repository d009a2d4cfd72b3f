import test, { type ExecutionContext } from 'ava'
import { connect, createServer } from 'node:net'
import { ownServer, type OwnServer } from '../../infra/local/engines/testing.ts'
import { service } from '../model/service.ts'
import { store } from '../model/store.ts'
import { Problem } from './problem.ts'
import { provisionRedisUser } from './provision.ts'
import { redis, type Redis } from './redis.ts'
import { inSpan, SpanKind } from './spans.ts'
import { contextOf } from './testing/context.ts'
import { bareTracing } from './testing/tracing.ts'
import { until } from './testing/until.ts'

const shelf = store('redis', 'shelf', { summary: 'Things.', keys: ['shelf:*'] })
const keeper = service({
  name: 'keeper',
  product: 'platform',
  summary: 'Keeps things.',
  port: 23001,
  stores: [shelf],
  slo: { availability: 99, latency: { p95Ms: 100 } },
})
const tracing = bareTracing()

const environment = (port: number, user: string, password: string) => ({
  REDIS_SHELF_HOST: '127.0.0.1',
  REDIS_SHELF_PORT: String(port),
  REDIS_SHELF_DATABASE: 'shelf',
  REDIS_SHELF_USER: user,
  REDIS_SHELF_PASSWORD: password,
})

async function server(t: ExecutionContext): Promise<OwnServer> {
  const own = await ownServer('redis')
  t.teardown(async () => {
    own.kill('SIGCONT')
    await own.stop()
  })
  return own
}

async function opened(t: ExecutionContext, own: OwnServer, port = own.port) {
  const env = environment(port, 'default', own.site.password)
  const context = contextOf(keeper, env, { tracer: tracing.tracer('keeper') })
  const opening = await redis(context, shelf)
  t.teardown(() => context.life.stop(0, 1000))
  return { context, shelf: opening }
}

/** Asserts a 503 with Retry-After, and how long it took. */
async function refused(t: ExecutionContext, work: () => Promise<unknown>, withinMs: number) {
  const startedAt = performance.now()
  const error = await t.throwsAsync(work, { instanceOf: Problem })
  const ms = performance.now() - startedAt
  t.is((error as Problem).status, 503)
  t.is((error as Problem).code, 'STORE_UNAVAILABLE')
  t.is((error as Problem).headers['retry-after'], '1')
  // A machine that is busy with others adds to it.
  t.true(ms < 5 * withinMs, `took ${Math.round(ms)} ms`)
}

const answers = (one: Redis) =>
  until('redis answers', () =>
    one.ping().then(
      () => true,
      () => false,
    ),
  )

test('commands, bytes, pipelines and scripts come back as they were sent', async (t) => {
  const { shelf: one } = await opened(t, await server(t))
  const digest = Buffer.from([0, 255, 128, 10, 13])
  t.is(await one.call('SET', 'shelf:text', '여신강림'), 'OK')
  t.is(await one.call('GET', 'shelf:text'), '여신강림')
  t.is(await one.call('GET', 'shelf:none'), null)
  await one.call('SET', 'shelf:bytes', digest)
  t.deepEqual(await one.callBytes('GET', 'shelf:bytes'), digest)
  const many = Array.from({ length: 500 }, (_, at) => ['INCRBY', 'shelf:count', at] as const)
  t.is((await one.pipeline(many)).at(-1), (499 * 500) / 2)
  const echo = one.script('echo', 'return { KEYS[1], ARGV[1], tonumber(ARGV[2]) }', {
    replies: 'bytes',
  })
  t.deepEqual(await echo(['shelf:x'], [digest, 7]), [Buffer.from('shelf:x'), digest, 7])
})

test('a script is sent again with its text after Redis forgot it, and has run once', async (t) => {
  const own = await server(t)
  const { shelf: one } = await opened(t, own)
  const raise = one.script('raise', "return redis.call('INCR', KEYS[1])")
  t.is(await raise(['shelf:n']), 1)
  await one.call('SCRIPT', 'FLUSH')
  t.is(await raise(['shelf:n']), 2)
  t.is(await raise(['shelf:n']), 3)
})

test('a wrong command is a bug and not a 503', async (t) => {
  const { shelf: one } = await opened(t, await server(t))
  await one.call('SET', 'shelf:text', 'a')
  const error = await t.throwsAsync(one.call('LPUSH', 'shelf:text', 'b'))
  t.regex(error.message, /^WRONGTYPE/)
  t.false(error instanceof Problem)
  const mixed = one.pipeline([
    ['SET', 'shelf:other', 1],
    ['LPUSH', 'shelf:text', 'b'],
  ])
  await t.throwsAsync(mixed, { message: /^WRONGTYPE/ })
})

test('the user of a store cannot touch the keys of another', async (t) => {
  const own = await server(t)
  const admin = { host: '127.0.0.1', port: own.port, password: own.site.password }
  await provisionRedisUser(admin, shelf, { user: 'shelf', password: 'shelf-secret' })
  const context = contextOf(keeper, environment(own.port, 'shelf', 'shelf-secret'))
  const one = await redis(context, shelf)
  t.teardown(() => context.life.stop(0, 1000))
  t.is(await one.call('SET', 'shelf:mine', 1), 'OK')
  t.is(await one.script('one', 'return 1')(['shelf:mine']), 1)
  await t.throwsAsync(one.call('SET', 'other:key', 1), { message: /NOPERM|No permissions/ })
})

test('a paused Redis fails calls within 300 ms and readiness with a reason, then serves again', async (t) => {
  const own = await server(t)
  const { shelf: one, context } = await opened(t, own)
  own.kill('SIGSTOP')
  await refused(t, () => one.call('INCR', 'shelf:n'), 600)
  await refused(t, () => one.script('slow', 'return 1', { timeoutMs: 100 })(['shelf:n']), 280)
  t.regex((await context.life.checks())['redis shelf'] ?? '', /does not answer/)
  own.kill('SIGCONT')
  await answers(one)
  t.is((await context.life.checks())['redis shelf'], 'ok')
  // The timed-out INCR was unknown, not failed: the server did apply it, exactly once.
  t.is(await one.call('GET', 'shelf:n'), '1')
})

test('a Redis that was killed fails calls at once and is found again without a restart', async (t) => {
  const own = await server(t)
  const { shelf: one } = await opened(t, own)
  await one.call('SET', 'shelf:n', 1)
  await own.crash()
  await refused(t, () => one.call('GET', 'shelf:n'), 600)
  await own.restart()
  await answers(one)
  t.is(await one.call('INCR', 'shelf:m'), 1)
})

test('a command whose reply was cut off is rejected and never sent a second time', async (t) => {
  const own = await server(t)
  const proxy = await cuttingProxy(t, own.port)
  const { shelf: one } = await opened(t, own, proxy.port)
  for (let round = 0; round < 5; round += 1) {
    await answers(one)
    proxy.cutReplies()
    await refused(t, () => one.call('INCR', 'shelf:once'), 600)
    await answers(one)
    t.is(Number(await one.call('GET', 'shelf:once')), round + 1)
  }
})

test('memory that is full, a read-only replica and loading data are 503, not 500', async (t) => {
  const own = await server(t)
  const { shelf: one } = await opened(t, own)
  await one.call('CONFIG', 'SET', 'maxmemory', '1')
  await refused(t, () => one.call('SET', 'shelf:n', 1), 600)
  await one.call('CONFIG', 'SET', 'maxmemory', '0')
  await one.call('REPLICAOF', '127.0.0.1', '1')
  await refused(t, () => one.call('SET', 'shelf:n', 1), 600)
})

test('a service starts without its Redis, says that it is not ready, and finds it later', async (t) => {
  const own = await server(t)
  await own.crash()
  const startedAt = performance.now()
  const { shelf: one, context } = await opened(t, own)
  t.true(performance.now() - startedAt < 1500)
  t.not((await context.life.checks())['redis shelf'], 'ok')
  await own.restart()
  await answers(one)
  t.is((await context.life.checks())['redis shelf'], 'ok')
})

test('a call is timed and an edge always, and a span under a sampled parent only', async (t) => {
  const { shelf: one, context } = await opened(t, await server(t))
  const spansOf = () => tracing.spans().filter((span) => span.name === 'GET shelf')
  const before = spansOf().length
  await one.call('GET', 'shelf:traced')
  t.is(spansOf().length, before)
  const parent = await inSpan(
    context.tracer,
    'parent',
    { kind: SpanKind.SERVER, parent: 'root' },
    async (span) => {
      await one.call('GET', 'shelf:traced')
      return span.spanContext()
    },
  )
  const [span] = spansOf().slice(before)
  t.is(span?.parentSpanContext?.spanId, parent.spanId)
  t.like(span?.attributes, {
    'db.system.name': 'redis',
    'db.namespace': 'shelf',
    'db.operation.name': 'GET',
  })
  const metrics = await context.meter.registry.metrics()
  t.regex(
    metrics,
    /graph_request_total\{[^}]*client="keeper"[^}]*server="redis:shelf"[^}]*connection_type="database"[^}]*\} 2/,
  )
  t.regex(metrics, /operation_duration_seconds_count\{system="redis",operation="GET"\} 2/)
})

/** Forwards to Redis; once told so it forwards the next request and then drops the connection instead of the reply. */
async function cuttingProxy(t: ExecutionContext, port: number) {
  let cutting = false
  const proxy = createServer((down) => {
    const up = connect(port, '127.0.0.1')
    down.pipe(up)
    up.on('data', (chunk) => {
      if (!cutting) return void down.write(chunk)
      cutting = false
      down.destroy()
    })
    for (const socket of [up, down]) socket.on('error', () => undefined)
    up.on('close', () => down.destroy())
    down.on('close', () => up.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => proxy.close())
  const address = proxy.address()
  const open = typeof address === 'object' && address ? address.port : 0
  return { port: open, cutReplies: () => void (cutting = true) }
}
