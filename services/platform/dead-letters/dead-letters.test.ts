import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { order, placed } from '../../kit/testing/shop.ts'
import { textsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import type { Servers } from '../../kit/testing.ts'
import { readDeadLetters } from '../scopes.ts'
import { lettersBench, type LettersBench } from './testing.ts'

let shop: LettersBench
let servers: Servers
let stopServers: () => Promise<void>

test.before(async (t) => {
  t.timeout(120_000)
  const started = await testServers('kafka', 'postgres')
  stopServers = started.stop
  servers = started.servers
  shop = await lettersBench(servers)
})

test.after.always(async () => {
  await shop?.stop()
  await stopServers?.()
})

const inTopic = async (id: string) =>
  (await textsOf({ bootstrap: servers.kafka ?? '', prefix: shop.place.prefix }, placed)).filter(
    ({ headers }) => headers['ce_id'] === id,
  )

test.serial('a record that nobody can read is kept with its cause and its bytes', async (t) => {
  await shop.poison('p-1', '{"id": 7}')
  const [letter] = await shop.lettersOf('p-1')
  t.like(letter, {
    status: 'PENDING',
    originalTopic: placed.name,
    event: { id: 7 },
    key: 'p-1',
    cause: { class: 'NOT_VALID', attempts: 1 },
    traceId: 'a'.repeat(32),
    replays: 0,
  })
  const whole = await shop.call('GET /dlq/events/p-1')
  t.is(Buffer.from(String(whole.body['value']), 'base64').toString(), '{"id": 7}')
  t.is((await shop.call(`GET /dlq/events/${letter?.id}`)).body['eventId'], 'p-1')
  t.is((await shop.call('GET /dlq/events/p-1?partition=99')).status, 404)
})

test.serial('a poison of any shape is kept once, and holds up nobody', async (t) => {
  t.timeout(120_000)
  const poisons: readonly (readonly [string, Buffer | string | null])[] = [
    ['q-null', null],
    ['q-empty', ''],
    ['q-utf8', Buffer.from([0xff, 0xfe, 0x00, 0x22])],
    ['q-bom', '\uFEFF{"id":"x","amount":1}'],
    ['q-truncated', '{"id":"x","amou'],
    ['q-array', '[1,2,3]'],
    ['q-types', '{"id":{},"amount":"1"}'],
    ['q-deep', '['.repeat(10_000)],
    ['q-large', JSON.stringify({ id: 1, note: 'x'.repeat(900_000) })],
    ['q-nul', '{"id":"\\u0000","amount":"\\u0000"}'],
  ]
  for (const [at, [id, value]] of poisons.entries()) {
    await shop.publisher.publish(placed, order(`good-${at}`))
    await shop.poison(id, value, 'one-key')
    await shop.publisher.publish(placed, order(`better-${at}`))
  }
  await until('the good ones', () => shop.orders.length >= poisons.length * 2, 60_000)
  for (const [id, value] of poisons) {
    const letters = await shop.lettersOf(id)
    t.is(letters.length, 1, id)
    const { body } = await shop.call(`GET /dlq/events/${letters[0]?.id}`)
    const shown = body['value'] === null ? null : Buffer.from(String(body['value']), 'base64')
    const sent = value === null ? null : Buffer.from(value).subarray(0, 65_536)
    t.deepEqual(shown, sent, id)
  }
})

test.serial('headers of any kind, and none at all, are kept', async (t) => {
  const key = Buffer.from('strange')
  const value = Buffer.from('nothing')
  const headers = {
    'x-attempts': 'many',
    'x-original-offset': '-7',
    traceparent: 'no trace',
    bin: Buffer.from([0, 255]),
  }
  const lost = placed.deadLetters as NonNullable<typeof placed.deadLetters>
  await shop.publisher.forward(lost, { key, value, headers })
  await shop.publisher.forward(lost, { key: null, value: null, headers: {} })
  const found = () => shop.list('?cause=UNKNOWN')
  await until('both', async () => (await found()).length === 2, 60_000)
  const [strange, bare] = await found()
  t.like(strange, { cause: { class: 'UNKNOWN', attempts: 1 }, key: 'strange' })
  t.like(bare, { key: null, event: null })
  t.regex(bare?.eventId ?? '', /^unnamed-[\da-f]{16}$/)
  const { body } = await shop.call(`GET /dlq/events/${strange?.id}`)
  t.deepEqual((body['headers'] as Record<string, string[]>)['bin'], ['AP8='])
})

test.serial('states change by the rules, once, and each change is written down', async (t) => {
  await shop.poison('s-1', 'x')
  await shop.lettersOf('s-1')
  t.is((await shop.call('POST /dlq/events/s-1/reprocess')).status, 409)
  const approvals = await Promise.all(
    Array.from({ length: 8 }, () => shop.call('POST /dlq/events/s-1/approve')),
  )
  t.deepEqual(approvals.map(({ status }) => status).sort(), [200, ...Array<number>(7).fill(409)])
  t.is((await shop.call('POST /dlq/events/s-1/reject')).status, 200)
  t.is((await shop.call('POST /dlq/events/s-1/approve')).status, 409)
  t.is((await shop.call('POST /dlq/events/absent/approve')).status, 404)
  const { body } = await shop.call('GET /dlq/events/s-1/audit')
  const acts = body as unknown as { action: string; subject: string }[]
  t.deepEqual(
    acts.map(({ action, subject }) => [action, subject]),
    [
      ['approved', 'bench'],
      ['rejected', 'bench'],
    ],
  )
})

test.serial('two who send back at once send one record', async (t) => {
  await shop.poison('r-1', 'still no order')
  await shop.lettersOf('r-1')
  await shop.call('POST /dlq/events/r-1/approve')
  const tries = await Promise.all(
    Array.from({ length: 6 }, () => shop.call('POST /dlq/events/r-1/reprocess')),
  )
  t.is(tries.filter(({ status }) => status === 202).length, 1)
  t.is(tries.filter(({ status }) => status === 409).length, 5)
  t.is((await inTopic('r-1')).length, 2)
})

test.serial('what stays poison comes back, says so, and is stopped at the limit', async (t) => {
  t.timeout(120_000)
  await shop.poison('l-1', 'never an order')
  for (let round = 0; round < 3; round += 1) {
    const letter = (await shop.lettersOf('l-1', round + 1)).find(({ replays }) => replays === round)
    t.is(letter?.status, 'PENDING')
    const sent = await shop.call(`POST /dlq/events/${letter?.id}/approve-and-reprocess`)
    t.is(sent.status, 202)
  }
  const letters = await shop.lettersOf('l-1', 4)
  const last = letters.find(({ replays }) => replays === 3)
  t.is(last?.replayOf, letters.find(({ replays }) => replays === 2)?.id)
  const stopped = await shop.call(`POST /dlq/events/${last?.id}/approve-and-reprocess`)
  t.like(stopped, { status: 409, body: { code: 'REPLAY_LIMIT' } })
  t.like(await shop.call('POST /dlq/events/l-1/approve'), {
    status: 409,
    body: { code: 'AMBIGUOUS_EVENT' },
  })
  t.is((await inTopic('l-1')).length, 4)
})

test.serial('a letter is mended by hand and processed', async (t) => {
  await shop.poison('e-1', '{"id":"e-1"}')
  await shop.lettersOf('e-1')
  const wrong = await shop.call('POST /dlq/events/e-1/edit', { value: { id: 'e-1', amount: '3' } })
  t.like(wrong, {
    status: 400,
    body: { code: 'VALIDATION_ERROR', errors: [{ field: 'body.value' }] },
  })
  const before = await shop.call('POST /dlq/events/e-1/reprocess?dryRun=true')
  t.like(before, { status: 200, body: { wouldSend: true, valid: false } })
  t.regex(String(before.body['notes']), /would come back: NOT_VALID: amount/)
  t.is(
    (await shop.call('POST /dlq/events/e-1/edit', { value: { id: 'e-1', amount: 3 } })).status,
    200,
  )
  const after = await shop.call('POST /dlq/events/e-1/reprocess?dryRun=true')
  t.like(after.body, { valid: true, errors: [], notes: [] })
  t.is((await shop.call('POST /dlq/events/e-1/approve-and-reprocess')).status, 202)
  await until('the order', () => shop.orders.some(({ id }) => id === 'e-1'), 60_000)
  const [first, second] = await inTopic('e-1')
  t.is(first?.value, '{"id":"e-1"}')
  t.is(second?.value, '{"id":"e-1","amount":3}')
  t.is(second?.headers['ce_id'], 'e-1')
  t.is(second?.headers['x-error-class'], undefined)
  const whole = await shop.call('GET /dlq/events/e-1')
  t.is(whole.body['status'], 'REPROCESSED')
  t.is(Buffer.from(String(whole.body['value']), 'base64').toString(), '{"id":"e-1"}')
  const send = shop.place
    .spans()
    .find(
      ({ name, attributes, links }) =>
        name === `send ${placed.name}` &&
        attributes['messaging.kafka.message.key'] === 'e-1' &&
        links.length > 0,
    )
  t.is(send?.links[0]?.context.traceId, 'a'.repeat(32))
  t.true(second?.headers['traceparent']?.includes(send?.spanContext().spanId ?? '-'))
})

test.serial(
  'whoever dies while sending leaves the letter to the next, after the claim',
  async (t) => {
    await shop.poison('c-1', 'claimed')
    await shop.lettersOf('c-1')
    await shop.call('POST /dlq/events/c-1/approve')
    const claimed = (interval: string) =>
      shop.sql(
        `claim ${interval}`,
        `update dead_letters set claimed_until = clock_timestamp() + interval '${interval}' where event_id = 'c-1'`,
      )
    await claimed('20 s')
    t.is((await shop.call('POST /dlq/events/c-1/reprocess')).status, 409)
    t.is((await shop.call('POST /dlq/events/c-1/reject')).status, 409)
    await claimed('-1 s')
    t.is((await shop.call('POST /dlq/events/c-1/reprocess')).status, 202)
  },
)

test.serial('many are sent back at a rate, counted, and found page by page', async (t) => {
  t.timeout(180_000)
  const ids = Array.from({ length: 230 }, (_, n) => `m-${n}`)
  const kept = async (): Promise<number> => {
    const count = `select count(*) as count from dead_letters where event_id like 'm-%'`
    const [row] = (await shop.sql('many', count)) as { count: number }[]
    return row?.count ?? 0
  }
  await Promise.all(ids.map((id) => shop.poison(id, 'many', 'one-key')))
  await until('all of them', async () => (await kept()) === ids.length, 60_000)
  const seen: string[] = []
  for (let cursor = ''; ;) {
    const { body, headers } = await shop.call(
      `GET /dlq/events/pending?cause=NOT_JSON&size=100${cursor}`,
    )
    seen.push(...(body as unknown as { eventId: string }[]).map(({ eventId }) => eventId))
    const next = headers.get('x-next-cursor')
    if (next === null) break
    cursor = `&cursor=${next}`
  }
  t.deepEqual(new Set(seen.filter((id) => id.startsWith('m-'))), new Set(ids))
  t.is(new Set(seen).size, seen.length)
  const { body: groups } = await shop.call('GET /dlq/causes')
  const group = (groups as unknown as { cause: string; count: number }[]).find(
    ({ cause }) => cause === 'NOT_JSON',
  )
  t.true((group?.count ?? 0) >= 230)

  const dry = await shop.call(
    'POST /dlq/reprocess/all?approve=true&cause=NOT_JSON&limit=20&dryRun=true',
  )
  t.like(dry, { status: 200, body: { total: 20 } })
  const sent = await shop.call(
    'POST /dlq/reprocess/all?approve=true&cause=NOT_JSON&limit=20&rate=200',
  )
  t.like(sent, { status: 202, body: { total: 20 } })
  t.is(Number(sent.body['successful']) + Number(sent.body['failed']), 20)
  t.truthy(sent.body['next'])
  t.is((await shop.call('POST /dlq/reprocess/all?limit=1000&rate=10')).status, 400)

  const removed = await shop.call('DELETE /dlq/cleanup')
  t.true(Number(removed.body['removedCount']) >= 1)
  const { body } = await shop.call('GET /dlq/statistics')
  t.like(body, { rejected: 0, reprocessed: 0 })
})

test.serial('who may not look or decide is told so', async (t) => {
  t.is((await fetch(`${shop.url}/dlq/events`)).status, 401)
  const reading = [readDeadLetters]
  t.is((await shop.call('GET /dlq/statistics', undefined, reading)).status, 200)
  t.is((await shop.call('DELETE /dlq/cleanup', undefined, reading)).status, 403)
  t.is((await shop.call('POST /dlq/events/x/approve', undefined, reading)).status, 403)
})

test.serial('what is open and what came and went is measured', async (t) => {
  const page = await shop.metrics()
  t.regex(page, new RegExp(`ingest_dlq_received_total\\{topic="${placed.name}"\\} \\d{3}`))
  t.regex(page, new RegExp(`ingest_dlq_reprocess_success_total\\{topic="${placed.name}"\\} [1-9]`))
  await until(
    'the gauge',
    async () => /dead_letters_open\{topic="shop.orders.v1"\} [1-9]/.test(await shop.metrics()),
    30_000,
  )
  t.pass()
})
