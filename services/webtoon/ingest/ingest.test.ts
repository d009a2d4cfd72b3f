import test from 'ava'
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { request } from 'undici'
import { testServers } from '../../../infra/local/engines/testing.ts'
import type { Running } from '../../kit/boot.ts'
import { recordsOf, textsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { bench, type Bench, type Servers } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import { readRank, writeIngest } from '../scopes.ts'
import { pageView, pageViewDeadLetters, type PageViewEvent } from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  // A test reads whatever the contract promises.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any
}

let stopServers: () => Promise<void>
let servers: Servers
let place: Bench
let ingest: Running
let authorization: string

test.before(async () => {
  const started = await testServers('kafka')
  ;({ servers, stop: stopServers } = started)
  place = await bench(topology, servers)
  // The deadline has its tests with a broker that hangs; here a busy machine must not decide.
  ingest = await place.start(service, start, { env: { INGEST_DEADLINE_MS: '10000' } })
  ;({ authorization } = await place.bearer(writeIngest))
  const acknowledges = async (): Promise<boolean> => (await one(event())).status === 202
  await until('the fresh broker acknowledges', acknowledges)
})

test.after.always(async () => {
  await place?.stop()
  await stopServers?.()
})

const event = (rest: Partial<PageViewEvent> = {}): PageViewEvent => ({
  eventId: randomUUID(),
  userId: 'u-7',
  contentId: 'w-001',
  ts: Date.now(),
  props: { action: 'view' },
  ...rest,
})

async function post(path: string, body: unknown, headers = { authorization }): Promise<Answer> {
  const reply = await request(ingest.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await reply.body.text()
  const parsed = text === '' ? undefined : (JSON.parse(text) as unknown)
  return { status: reply.statusCode, headers: reply.headers, body: parsed }
}

const one = (body: unknown) => post('/ingest/events', body)
const batch = (body: unknown) => post('/ingest/events/batch', body)
const stored = (where = place) =>
  recordsOf({ bootstrap: servers.kafka ?? '', prefix: where.prefix }, pageView)
const fieldsOf = ({ body }: Answer): string[] =>
  (body.errors as { field: string }[]).map(({ field }) => field)

test('an event is answered with 202 and nothing else, and lies in the topic under its title', async (t) => {
  const sent = event({ contentId: 'w-042' })
  const { status, body } = await one({ ...sent, unknown: 1, props: { action: 'view', x: 2 } })
  t.is(status, 202)
  t.is(body, undefined)
  const record = (await stored()).find(({ value }) => value.eventId === sent.eventId)
  t.deepEqual(record?.value, sent)
  t.is(record?.key, 'w-042')
  t.like(record?.headers, { ce_id: sent.eventId, ce_type: pageView.type, ce_specversion: '1.0' })
  t.is(record?.headers['ce_time'], new Date(sent.ts).toISOString())
})

test('the record continues the trace of its request', async (t) => {
  const sent = event()
  const trace = 'b'.repeat(32)
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`
  const { headers } = await post('/ingest/events', sent, { authorization, traceparent } as never)
  t.is(headers['x-trace-id'], trace)
  const record = (await stored()).find(({ value }) => value.eventId === sent.eventId)
  t.true(record?.headers['traceparent']?.startsWith(`00-${trace}-`))
})

const wrong: readonly [string, unknown, readonly string[]][] = [
  [
    'an action that does not exist',
    { ...event(), props: { action: 'share' } },
    ['body.props.action'],
  ],
  ['no action', { ...event(), props: {} }, ['body.props.action']],
  ['no props', { ...event(), props: undefined }, ['body.props']],
  ['a title of another form', event({ contentId: 'x-1' }), ['body.contentId']],
  ['a reader of another form', event({ userId: 'u_1' }), ['body.userId']],
  ['an empty eventId', event({ eventId: '' }), ['body.eventId']],
  ['an eventId of 129 characters', event({ eventId: 'e'.repeat(129) }), ['body.eventId']],
  ['a time that is text', { ...event(), ts: 'now' }, ['body.ts']],
  ['a time with a fraction', event({ ts: Date.now() + 0.5 }), ['body.ts']],
  ['two wrong fields', { ...event({ contentId: '' }), ts: -1 }, ['body.contentId', 'body.ts']],
  ['a list', [event()], ['body']],
  ['null', null, ['body']],
]

for (const [what, body, fields] of wrong) {
  test(`${what} is a 400 that names the field`, async (t) => {
    const answer = await one(body)
    t.is(answer.status, 400)
    t.is(answer.body.code, 'VALIDATION_ERROR')
    t.deepEqual(fieldsOf(answer), fields)
  })
}

test('what is not JSON is a 400 at both doors', async (t) => {
  for (const send of [one, batch]) {
    const { status, body } = await send('{"eventId":')
    t.is(status, 400)
    t.is(body.code, 'INVALID_JSON')
  }
})

test('an event may be 60 s old and 5 s ahead, and no more', async (t) => {
  t.is((await one(event({ ts: Date.now() - 59_000 }))).status, 202)
  t.is((await one(event({ ts: Date.now() + 4_500 }))).status, 202)
  const old = await one(event({ ts: Date.now() - 60_500 }))
  t.like(old, { status: 400, body: { code: 'EVENT_TOO_OLD' } })
  t.deepEqual(fieldsOf(old), ['body.ts'])
  const early = await one(event({ ts: Date.now() + 6_000 }))
  t.like(early, { status: 400, body: { code: 'EVENT_IN_FUTURE' } })
})

test('both doors ask for a token with write:ingest', async (t) => {
  for (const path of ['/ingest/events', '/ingest/events/batch']) {
    t.is((await post(path, event(), {} as never)).status, 401)
    t.is((await post(path, event(), await place.bearer(readRank))).status, 403)
  }
})

test('a batch of 1,000 is acknowledged whole, and every event is in the topic', async (t) => {
  const sent = Array.from({ length: 1000 }, (_, n) => event({ contentId: `w-${n % 50}` }))
  // On a busy machine a part may miss the deadline; its client sends that part again.
  let pending = sent
  await until('all are acknowledged', async () => {
    const { body } = await batch(pending)
    const results = body.results as { index: number; eventId: string; status: number }[]
    t.deepEqual(
      results.map(({ index, eventId }) => [index, eventId]),
      pending.map(({ eventId }, index) => [index, eventId]),
    )
    t.is(body.accepted + body.rejected, pending.length)
    pending = pending.filter((_, index) => results[index]?.status !== 202)
    return pending.length === 0
  })
  const ids = new Set((await stored()).map(({ value }) => value.eventId))
  t.deepEqual(
    sent.filter(({ eventId }) => !ids.has(eventId)),
    [],
  )
})

test('wrong items of a batch are refused one by one and the others taken', async (t) => {
  const good = event()
  const items = [good, { ...event(), props: { action: 'share' } }, 'text', event({ ts: 1 })]
  const { status, body } = await batch(items)
  t.is(status, 202)
  t.like(body, { accepted: 1, rejected: 3 })
  t.deepEqual(
    body.results.map((one: { status: number; code: string }) => [one.status, one.code]),
    [
      [202, 'ACCEPTED'],
      [400, 'VALIDATION_ERROR'],
      [400, 'VALIDATION_ERROR'],
      [400, 'EVENT_TOO_OLD'],
    ],
  )
  t.is(body.results[1].errors[0].field, 'body.1.props.action')
  t.is(body.results[2].eventId, null)
  const ids = (await stored()).map(({ value }) => value.eventId)
  t.true(ids.includes(good.eventId))
  t.false(ids.includes((items[3] as PageViewEvent).eventId))
})

test('a batch of nothing but wrong items is a 400 with all fields', async (t) => {
  const answer = await batch([{ ...event(), props: {} }, event({ contentId: '-' })])
  t.is(answer.status, 400)
  t.like(answer.body, { code: 'VALIDATION_ERROR', accepted: 0, rejected: 2 })
  t.deepEqual(fieldsOf(answer), ['body.0.props.action', 'body.1.contentId'])
})

test('an empty batch and a batch that is no list are a 400', async (t) => {
  for (const body of [[], {}, event()]) {
    const answer = await batch(body)
    t.is(answer.status, 400)
    t.deepEqual(fieldsOf(answer), ['body'])
  }
})

test('1,001 items are a 413, and so is a MiB and a byte', async (t) => {
  const many = Array.from({ length: 1001 }, () => event())
  t.like(await batch(many), { status: 413, body: { code: 'BATCH_TOO_LARGE' } })
  const long = JSON.stringify([event()])
  t.is((await batch(long.padEnd(1_048_576))).status, 202)
  t.like(await batch(long.padEnd(1_048_577)), { status: 413, body: { code: 'BODY_TOO_LARGE' } })
})

test('an event that comes twice in a batch is acknowledged twice', async (t) => {
  const sent = event()
  t.like((await batch([sent, sent])).body, { accepted: 2, rejected: 0 })
  const copies = (await stored()).filter(({ value }) => value.eventId === sent.eventId)
  t.is(copies.length, 2)
})

test('what the broker refuses is answered with an error and becomes a dead letter with its cause', async (t) => {
  const narrow = await bench(topology, servers)
  t.teardown(() => narrow.stop())
  const running = await narrow.start(service, start)
  await limitMessages(servers.kafka ?? '', narrow.prefix + pageView.name, 300)
  const auth = await narrow.bearer(writeIngest)
  const large = event({
    eventId: 'e'.repeat(128),
    contentId: `w-${'x'.repeat(64)}`,
    userId: `u-${'y'.repeat(64)}`,
  })
  const reply = await request(`${running.url}/ingest/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...auth },
    body: JSON.stringify(large),
  })
  t.is(reply.statusCode, 413)
  t.like(await reply.body.json(), { code: 'EVENT_TOO_LARGE' })
  const shelf = { bootstrap: servers.kafka ?? '', prefix: narrow.prefix }
  const [letter] = await textsOf(shelf, pageViewDeadLetters)
  t.deepEqual(JSON.parse(letter?.value ?? ''), large)
  t.is(letter?.key, large.contentId)
  t.like(letter?.headers, {
    'x-original-topic': pageView.name,
    'x-error-class': 'TOO_LARGE',
    ce_id: large.eventId,
  })
  const exported = await (await request(`${running.admin}/metrics`)).body.text()
  t.regex(exported, /^ingest_events_dlq_total 1$/m)
  t.regex(exported, /^ingest_events_error_total\{cause="too_large"\} 1$/m)
})

test('what was published and what was refused is counted', async (t) => {
  const before = await metrics()
  await batch([event(), event(), 1])
  const after = await metrics()
  const rise = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0)
  t.true(rise('events_published_total') >= 2)
  t.true(rise('ingest_events_error_total{cause="invalid"}') >= 1)
  t.true(rise('events_publish_duration_seconds_count') >= 1)
})

async function metrics(): Promise<Map<string, number>> {
  const text = await (await request(`${ingest.admin}/metrics`)).body.text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]))
}

/** Makes the broker refuse larger records of a topic; it takes a moment until it does. */
async function limitMessages(bootstrap: string, name: string, bytes: number): Promise<void> {
  const client = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const admin = client.admin()
  const producer = client.producer()
  await Promise.all([admin.connect(), producer.connect()])
  const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }]
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name, configEntries }] })
  const messages = [{ key: 'probe', value: '"x"'.padEnd(2 * bytes) }]
  const refused = (): Promise<boolean> =>
    producer.send({ topic: name, messages }).then(
      () => false,
      () => true,
    )
  await until('the limit holds', refused)
  await Promise.all([admin.disconnect(), producer.disconnect()])
}
