import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { topology } from '../../topology.ts'
import { authorized, captureRequested } from '../topics.ts'
import { until } from '../../kit/testing/until.ts'
import {
  merchant,
  merchantAt,
  order,
  patient,
  paymentBench,
  writer,
  type Merchant,
  type PaymentBench,
} from './testing.ts'

let all: PaymentBench
let shop: Merchant
let second: Merchant
let metrics: () => Promise<string>

test.before(async () => {
  all = await paymentBench(topology, await testServers('kafka', 'mariadb', 'redis'))
  const one = await all.start({ env: patient })
  const two = await all.start({ replica: 2, env: patient })
  shop = merchantAt(one.url, await all.bearer(writer))
  second = merchantAt(two.url, await all.bearer(writer))
  metrics = async () => (await fetch(`${one.admin}/metrics`)).text()
})
test.afterEach.always(() => all?.pg.prompt())
test.after.always(() => all?.stop())

test.serial('a payment is authorised, told to others and given again to the byte', async (t) => {
  const first = await shop.authorize(order('a1'))
  t.is(first.status, 200, first.text)
  const { paymentId } = first.body
  t.like(first.body, {
    status: 'CAPTURE_REQUESTED',
    amount: 1000,
    currency: 'KRW',
    ledgerEntries: [],
  })
  t.regex(
    String(first.body['message']),
    /^Payment authorized and capture requested - Approval: APP[0-9A-F]{8}$/,
  )
  t.is(first.headers['idempotent-replayed'], undefined)
  const again = await second.authorize(order('a1'))
  t.is(again.text, first.text)
  t.is(again.status, 200)
  t.is(again.headers['content-type'], first.headers['content-type'])
  t.is(again.headers['idempotent-replayed'], 'true')
  t.like(await all.chargesOf(paymentId), { held: 1, voided: 0 })

  const told = async () => [
    ...(await all.eventsOf(authorized, paymentId)),
    ...(await all.eventsOf(captureRequested, paymentId)),
  ]
  await until('events', async () => (await told()).length === 2)
  t.like((await told())[0], {
    status: 'AUTHORIZED',
    merchantId: merchant,
    version: 2,
    amount: 1000,
  })
  t.like((await told())[1], { status: 'CAPTURE_REQUESTED', merchantId: merchant, version: 3 })
  const { body } = await shop.get(`/payments/${String(paymentId)}`)
  t.deepEqual(
    (body['history'] as { version: number; status: string }[]).map(({ version, status }) => [
      version,
      status,
    ]),
    [
      [1, 'READY'],
      [2, 'AUTHORIZED'],
      [3, 'CAPTURE_REQUESTED'],
    ],
  )
})

test.serial(
  'of a hundred requests at once with one key over two replicas one charges',
  async (t) => {
    await all.pg.behave('authorize', { delayMinMs: 100, delayMaxMs: 200 })
    for (const round of [1, 2, 3]) {
      const key = `parallel-${round}`
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, n) => (n % 2 ? shop : second).authorize(order(key))),
      )
      const statuses = new Set(answers.map(({ status }) => status))
      for (const status of statuses) t.true([200, 409].includes(status), String(status))
      const final = await shop.insist(order(key))
      t.is(final.status, 200)
      const replays = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? shop : second).authorize(order(key))),
      )
      for (const { status, text } of [...answers, ...replays])
        if (status === 200) t.is(text, final.text)
      t.true(replays.every(({ status }) => status === 200))
      const refused = answers.find(({ status }) => status === 409)
      t.is(refused?.body['code'], 'REQUEST_IN_PROGRESS')
      t.regex(String(refused?.headers['retry-after']), /^[1-9]\d*$/)
      const payments = await all.rows('select 1 from payment where idempotency_key = ?', key)
      t.is(payments.length, 1)
      t.like(await all.chargesOf(final.body['paymentId']), { held: 1, voided: 0 })
    }
  },
)

test.serial('the same key with other contents is 422 and charges nothing', async (t) => {
  const first = await shop.authorize(order('b1'))
  for (const other of [{ amount: 1001 }, { currency: 'USD' }, { capture: 'manual' }]) {
    const refused = await shop.authorize(order('b1', other))
    t.like(refused, { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
  }
  t.is((await shop.authorize(order('b1', { capture: 'automatic' }))).text, first.text)
  const held = (await all.pg.calls()).filter(({ outcome }) => outcome === 'approved')
  t.is(held.filter(({ key }) => key === `${String(first.body['paymentId'])}:auth`).length, 1)
  t.is((await all.rows('select 1 from payment where idempotency_key = ?', 'b1')).length, 1)
})

test.serial('keys are of one merchant, and compared byte by byte', async (t) => {
  const keys = ['abc', 'ABC', '\uff41bc', 'a bc', 'ab\u0301c']
  const answers = [...keys.map((key) => order(key)), ...keys.slice(0, 2).map((key) => order(key))]
  const found = await Promise.all(answers.slice(0, keys.length).map((body) => shop.authorize(body)))
  t.is(new Set(found.map(({ body }) => body['paymentId'])).size, keys.length)
  const other = merchantAt(
    (await all.start({ replica: 3 })).url,
    await all.bearer(writer, 'MERCHANT-2'),
  )
  const theirs = await other.authorize(order('abc', { merchantId: 'MERCHANT-2' }))
  t.is(theirs.status, 200)
  t.not(theirs.body['paymentId'], found[0]?.body['paymentId'])
})

test.serial('header and body name one key: either, or both alike', async (t) => {
  const bare = order('x')
  delete bare['idempotencyKey']
  const byHeader = await shop.authorize(bare, { 'idempotency-key': 'h1' })
  t.is(byHeader.status, 200, byHeader.text)
  t.is((await shop.authorize(order('h1'))).text, byHeader.text)
  t.is((await shop.authorize(order('h1'), { 'idempotency-key': 'h1' })).text, byHeader.text)
  for (const [body, headers] of [
    [order('h1'), { 'idempotency-key': 'h2' }],
    [bare, {}],
    [bare, { 'idempotency-key': 'x'.repeat(65) }],
    [bare, { 'idempotency-key': '' }],
  ] as const) {
    const answer = await shop.authorize(body, headers)
    t.is(answer.status, 400, answer.text)
    t.is((answer.body['errors'] as { field: string }[])[0]?.field, 'headers.idempotency-key')
  }
})

test.serial(
  'what is wrong is refused with its field, and nothing is stored or charged',
  async (t) => {
    const before = (await all.pg.calls()).length
    const rows = await all.rows('select 1 from payment')
    const cases: [string, string][] = [
      ['"amount":0', 'body.amount'],
      ['"amount":-1', 'body.amount'],
      ['"amount":1.5', 'body.amount'],
      ['"amount":1.0', 'body.amount'],
      ['"amount":1e3', 'body.amount'],
      ['"amount":"100"', 'body.amount'],
      ['"amount":1000000000001', 'body.amount'],
      ['"amount":9007199254740993', 'body.amount'],
      ['"amount":null', 'body.amount'],
      ['"amount":1,"currency":"krw"', 'body.currency'],
      ['"amount":1,"currency":"XXX"', 'body.currency'],
      ['"amount":1,"merchantId":""', 'body.merchantId'],
      ['"amount":1,"merchantId":"a:b"', 'body.merchantId'],
      ['"amount":1,"idempotencyKey":""', 'body.idempotencyKey'],
      [`"amount":1,"idempotencyKey":"${'k'.repeat(65)}"`, 'body.idempotencyKey'],
      ['"amount":1,"idempotencyKey":" abc"', 'body.idempotencyKey'],
      ['"amount":1,"idempotencyKey":"abc "', 'body.idempotencyKey'],
      ['"amount":1,"idempotencyKey":"a\\u0000b"', 'body.idempotencyKey'],
      ['"amount":1,"idempotencyKey":"a\\nb"', 'body.idempotencyKey'],
      ['"amount":1,"idempotencyKey":"\\ud83d\\ude00"', 'body.idempotencyKey'],
      ['"amount":1,"capture":"later"', 'body.capture'],
    ]
    for (const [part, field] of cases) {
      const body = `{"merchantId":"${merchant}","currency":"KRW","idempotencyKey":"w1",${part}}`
      const answer = await shop.raw('POST', '/payments/authorize', body)
      t.is(answer.status, 400, part)
      t.is((answer.body['errors'] as { field: string }[])[0]?.field, field, part)
    }
    const broken = `{"merchantId":"${merchant}","currency":"KRW","idempotencyKey":"w1","amount":00100}`
    t.is((await shop.raw('POST', '/payments/authorize', broken)).status, 400)
    t.is((await all.pg.calls()).length, before)
    t.is((await all.rows('select 1 from payment')).length, rows.length)
  },
)

test.serial('the largest amount is stored and charged digit by digit', async (t) => {
  const { status, body } = await shop.authorize(order('large', { amount: 10 ** 12 }))
  t.is(status, 200)
  t.is(body['amount'], 10 ** 12)
  const call = (await all.pg.calls()).find(({ key }) => key === `${String(body['paymentId'])}:auth`)
  t.is(call?.amount, 10 ** 12)
})

test.serial('a decline is 402, kept and given again without another call', async (t) => {
  await all.pg.behave('authorize', { declineRate: 1 })
  const first = await shop.authorize(order('d1'))
  t.like(first, { status: 402, body: { code: 'PAYMENT_DECLINED', reason: 'PG_DECLINED' } })
  t.regex(String(first.headers['content-type']), /^application\/problem\+json/)
  await all.pg.prompt()
  const again = await second.authorize(order('d1'))
  t.is(again.status, 402)
  t.is(again.text, first.text)
  t.like(await all.paymentUnder('d1'), { status: 'AUTH_FAILED', failure_code: 'PG_DECLINED' })
  const calls = (await all.pg.calls()).filter(
    ({ key }) => key === `${String(first.body['paymentId'])}:auth`,
  )
  t.deepEqual(
    calls.map(({ outcome }) => outcome),
    ['declined'],
  )
  t.deepEqual(await all.writtenOf(first.body['paymentId']), [])
})

test.serial(
  'answers come again from the database, and after 90 days from the payment',
  async (t) => {
    const first = await shop.authorize(order('old'))
    await all.forgetRedis()
    const fromDatabase = await shop.authorize(order('old'))
    t.is(fromDatabase.text, first.text)
    t.is(fromDatabase.headers['idempotent-replayed'], 'true')
    await all.forgetRedis()
    t.is((await shop.authorize(order('old', { amount: 5 }))).status, 422)
    const kept = async () =>
      (
        await all.rows<{ key: string }>(
          "select idempotency_key as `key` from idem_response_cache where idempotency_key in ('old', 'young')",
        )
      ).map(({ key }) => key)
    await shop.authorize(order('young'))
    const age = (key: string, days: number) =>
      all.rows(
        'update idem_response_cache set created_at = now(3) - interval ? day where idempotency_key = ?',
        ...[days, key],
      )
    await age('old', 91)
    await age('young', 89)
    t.deepEqual((await kept()).sort(), ['old', 'young'])
    // Who starts looks for what is old.
    const purging = await all.start({ replica: 5 })
    await until('the purge', async () => (await kept()).length < 2)
    await purging.stop()
    t.deepEqual(await kept(), ['young'])
    await all.forgetRedis()
    t.is((await shop.authorize(order('old'))).text, first.text)
    t.like(await all.chargesOf(first.body['paymentId']), { held: 1, voided: 0 })
    const said = await metrics()
    for (const from of ['database', 'payment'])
      t.regex(said, new RegExp(`payment_replays_total\\{from="${from}"\\} [1-9]`))
  },
)

test.serial('a merchant above its limit is told when to come again; others are not', async (t) => {
  const env = { ...patient, PAYMENT_AUTHORIZE_PER_MINUTE: '60' }
  const { url } = await all.start({ replica: 4, env })
  const greedy = merchantAt(url, await all.bearer(writer, 'GREEDY'))
  const ask = (key: string) => greedy.authorize(order(key, { merchantId: 'GREEDY' }))
  const answers = await Promise.all(Array.from({ length: 14 }, (_, n) => ask(`g${n}`)))
  const refused = answers.filter(({ status }) => status === 429)
  t.true(refused.length >= 2 && refused.length <= 4, String(refused.length))
  t.is(refused[0]?.body['code'], 'RATE_LIMIT_EXCEEDED')
  t.regex(String(refused[0]?.headers['retry-after']), /^[1-9]\d*$/)
  const known = answers.findIndex(({ status }) => status === 200)
  t.is((await ask(`g${known}`)).status, 200, 'what is known needs no token')
  const held = await all.rows("select 1 from payment where merchant_id = 'GREEDY'")
  t.is(held.length, 14 - refused.length)
  const modest = merchantAt(url, await all.bearer(writer))
  t.is((await modest.authorize(order('m1'))).status, 200)
})
