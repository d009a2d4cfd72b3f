import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { request } from 'undici'
import { addressOf, ownServer, type OwnServer } from '../../../infra/local/engines/testing.ts'
import type { Running } from '../../kit/boot.ts'
import { recordsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import ingest from '../ingest/service.ts'
import { start as startIngest } from '../ingest/start.ts'
import { readGenerator, writeGenerator, writeIngest } from '../scopes.ts'
import { pageView } from '../topics.ts'
import type { Status } from './control.ts'
import service from './service.ts'
import { start } from './start.ts'
import { targets } from './wishes.ts'

let broker: OwnServer
let place: Bench
let generator: Running
let tokens: Server

test.before(async () => {
  broker = await ownServer('kafka')
  place = await bench(topology, addressOf('kafka', broker))
  const front = await place.start(ingest, startIngest, {
    env: { INGEST_DEADLINE_MS: '10000' },
  })
  tokens = await tokenServer(await place.token([writeIngest]))
  const port = (tokens.address() as AddressInfo).port
  // Ingest has the same door as the gateway, and this test is not about the gateway.
  const env = {
    SERVICE_GATEWAY_URL: front.url,
    AUTH_TOKEN_URL: `http://127.0.0.1:${port}/token`,
    GENERATOR_CONTENT_POOL: '40',
  }
  generator = await place.start(service, start, { env })
})

test.after.always(async () => {
  await place?.stop()
  tokens?.close()
  await broker?.stop()
})

test.afterEach.always(async () => void (await call('POST', '/generator/stop')))

/** Gives a token that the bench's services accept to whoever knows the secret. */
async function tokenServer(token: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    const secret = (incoming.headers.authorization ?? '').startsWith('Basic ')
    response.writeHead(secret ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ access_token: token, expires_in: 600 }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function call(method: 'GET' | 'POST', path: string, body?: object, scope = writeGenerator) {
  const authorization = await place.bearer(method === 'GET' ? readGenerator : scope)
  const reply = await request(generator.url + path, {
    method,
    headers: { ...authorization, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: reply.statusCode, body: (await reply.body.json()) as Status & Problem }
}

interface Problem {
  readonly code: string
  readonly errors: readonly { field: string }[]
}

const status = async (): Promise<Status> => (await call('GET', '/generator/status')).body
const ended = () => until('the run ends', async () => !(await status()).running)
const records = () =>
  recordsOf({ bootstrap: addressOf('kafka', broker).kafka ?? '', prefix: place.prefix }, pageView)

test.serial('before the first run everything is at 0 and the defaults show', async (t) => {
  t.like(await status(), {
    running: false,
    eventsPerSecond: 100,
    contentPool: 40,
    userPool: 1000,
    totalGenerated: 0,
    totalPublished: 0,
    totalErrors: 0,
    startedAt: null,
  })
})

test.serial('events arrive by both ways', async (t) => {
  for (const target of targets) {
    await call('POST', `/generator/start?eps=20&target=${target}`)
    await until('events arrive', async () => (await status()).totalPublished > 0)
    t.is((await call('POST', '/generator/stop')).body.target, target)
  }
})

const near = (rate: number, eps: number): boolean => Math.abs(rate / eps - 1) < 0.02

/** Runs for three seconds and compares the books with the topic. */
async function measured(t: ExecutionContext, eps: number, target: string) {
  const before = (await records()).length
  const query = `eps=${eps}&duration=3&target=${target}`
  t.is((await call('POST', `/generator/start?${query}`)).status, 200)
  await ended()
  const { body: after } = await call('POST', '/generator/stop')
  const all = await records()
  const published = all.length - before
  t.like(after, { totalGenerated: published, totalPublished: published, totalErrors: 0 })
  t.is(published + after.totalSkipped, eps * 3)
  const [last] = all.slice(-1)
  t.regex(last?.value.contentId ?? '', /^w-0\d\d$/)
  t.is(last?.headers['ce_id'], last?.value.eventId)
  const seconds = (Date.parse(after.stoppedAt ?? '') - Date.parse(after.startedAt ?? '')) / 1000
  return { rate: published / seconds, reported: after.actualPerSecond }
}

for (const [eps, target] of [
  [1, 'gateway'],
  [300, 'kafka'],
  [600, 'gateway'],
  [2000, 'kafka'],
  [2000, 'gateway'],
] as const) {
  test.serial(`${eps} events/s to ${target} are that within 2 %, counted in Kafka`, async (t) => {
    // The books of every run are right; what a busy machine leaves out may spoil two of three.
    for (const attempt of [1, 2, 3]) {
      const { rate, reported } = await measured(t, eps, target)
      t.log(`${rate.toFixed(1)} events/s`)
      if (near(rate, eps) && near(reported, eps)) break
      t.not(attempt, 3, `${rate} events/s, ${reported} reported`)
    }
  })
}

test.serial('one trace in a hundred is kept, from the generator to the topic', async (t) => {
  const known = new Set((await records()).map(({ value }) => value.eventId))
  await call('POST', '/generator/start?eps=500&duration=1&target=kafka')
  await ended()
  const fresh = (await records()).filter(({ value }) => !known.has(value.eventId))
  const flags = fresh.map(({ headers }) => headers['traceparent']?.slice(-2))
  t.is(flags.filter((flag) => flag === '00').length, 495)
  const kept = fresh.filter(({ headers }) => headers['traceparent']?.endsWith('-01'))
  t.is(kept.length, 5)
  const roots = place.spans().filter(({ name }) => name === 'generate event')
  for (const { headers } of kept) {
    const traceId = headers['traceparent']?.split('-')[1]
    const root = roots.find((span) => span.spanContext().traceId === traceId)
    t.truthy(root)
    t.is(root?.parentSpanContext, undefined)
  }
})

test.serial(
  'parameters come as JSON too, the query wins, and the same start again changes nothing',
  async (t) => {
    const wishes = { eps: 50, scenario: 'POPULAR_BIAS', userPool: 5 }
    const first = await call('POST', '/generator/start?eps=60', wishes)
    t.is(first.status, 200)
    t.like(first.body, {
      running: true,
      eventsPerSecond: 60,
      scenario: 'POPULAR_BIAS',
      userPool: 5,
    })
    await until('some are published', async () => (await status()).totalPublished > 10)
    const again = await call('POST', '/generator/start?eps=60', wishes)
    t.is(again.status, 200)
    t.is(again.body.startedAt, first.body.startedAt)
    t.true(again.body.totalGenerated > 10)
    const other = await call('POST', '/generator/start?eps=61', wishes)
    t.is(other.status, 409)
    t.is(other.body.code, 'GENERATOR_RUNNING')
  },
)

test.serial(
  'stop waits for what is under way, is idempotent, and a new run counts from 0',
  async (t) => {
    await call('POST', '/generator/start?eps=1000&target=kafka')
    await until('some are published', async () => (await status()).totalPublished > 300)
    const { body: stopped } = await call('POST', '/generator/stop')
    t.false(stopped.running)
    t.is(stopped.totalGenerated, stopped.totalPublished)
    t.deepEqual((await call('POST', '/generator/stop')).body, stopped)
    t.true((await call('POST', '/generator/start?eps=1')).body.totalGenerated < 2)
  },
)

test.serial('wrong parameters are a 400 with their fields', async (t) => {
  const wrong: readonly [string, object | undefined, string][] = [
    ['?eps=0', undefined, 'query.eps'],
    ['?eps=10001', undefined, 'query.eps'],
    ['?eps=fast', undefined, 'query.eps'],
    ['?scenario=QUIET', undefined, 'query.scenario'],
    ['?target=disk', undefined, 'query.target'],
    ['?duration=0', undefined, 'query.duration'],
    ['', { eps: '5' }, 'body.eps'],
    ['', { contentPool: 0 }, 'body.contentPool'],
    ['?scenario=BURST&eps=2501', undefined, 'eps'],
  ]
  for (const [query, body, field] of wrong) {
    const answer = await call('POST', `/generator/start${query}`, body)
    t.is(answer.status, 400, query)
    t.deepEqual(
      answer.body.errors.map((one) => one.field),
      [field],
    )
  }
  t.false((await status()).running)
})

test.serial(
  'starting and stopping need write:generator, looking needs read:generator',
  async (t) => {
    for (const path of ['/generator/start', '/generator/stop'])
      t.is((await call('POST', path, undefined, readGenerator)).status, 403)
    const asWriter = await place.bearer(writeGenerator)
    const look = await request(`${generator.url}/generator/status`, { headers: asWriter })
    await look.body.dump()
    t.is(look.statusCode, 403)
    const nobody = await request(`${generator.url}/generator/start`, { method: 'POST' })
    await nobody.body.dump()
    t.is(nobody.statusCode, 401)
  },
)

test.serial(
  'while Kafka hangs the load goes on, nothing counts as published, and errors are counted',
  async (t) => {
    await call('POST', '/generator/start?eps=200&target=gateway')
    await until('some are published', async () => (await status()).totalPublished > 50)
    broker.kill('SIGSTOP')
    try {
      const paused = await status()
      await until('errors are counted', async () => (await status()).totalErrors > 50)
      const later = await status()
      t.true(later.totalGenerated > paused.totalGenerated + 50)
      t.true(later.totalPublished <= paused.totalPublished + 20)
    } finally {
      broker.kill('SIGCONT')
    }
    const { totalPublished } = await status()
    const on = async () => (await status()).totalPublished > totalPublished + 50
    await until('events are published again', on, 30_000)
    const { body: figures } = await call('POST', '/generator/stop')
    t.is(figures.totalGenerated, figures.totalPublished + figures.totalErrors)
  },
)

test.serial(
  'a stop of the service ends the run first, so that every event generated is in Kafka',
  async (t) => {
    const before = (await records()).length
    const other = await place.start(service, start, { replica: 2 })
    const headers = await place.bearer(writeGenerator)
    const began = await request(`${other.url}/generator/start?eps=2000&target=kafka`, {
      method: 'POST',
      headers,
    })
    await began.body.dump()
    const generated = async (): Promise<number> => {
      const text = await other.context.meter.registry.getMetricsAsJSON()
      const found = text.find(({ name }) => name === 'generator_events_generated_total')
      return Number(found?.values[0]?.value)
    }
    await until('events flow', async () => (await generated()) > 500)
    await other.stop()
    t.is((await records()).length - before, await generated())
  },
)
