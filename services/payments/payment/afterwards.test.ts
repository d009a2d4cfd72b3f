import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import type { Publisher } from '../../kit/kafka.ts'
import { textsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { adminPayments, anyMerchant, readPayments, writePayments } from '../scopes.ts'
import * as topics from '../topics.ts'
import {
  merchant,
  merchantAt,
  order,
  paymentBench,
  report,
  writer,
  type Merchant,
  type PaymentBench,
} from './testing.ts'

let all: PaymentBench
let shop: Merchant
let url: string
let workers: Publisher

test.before(async () => {
  all = await paymentBench(topology, await testServers('kafka', 'mariadb', 'redis'))
  const running = await all.start()
  url = running.url
  shop = merchantAt(url, await all.bearer(writer))
  workers = await all.reporter()
})
test.after.always(() => all?.stop())

const authorised = async (key: string, rest = {}): Promise<string> => {
  const { body, text } = await shop.authorize(order(key, rest))
  if (typeof body['paymentId'] !== 'string') throw new Error(text)
  return body['paymentId']
}
const held = (key: string) => authorised(key, { capture: 'manual' })

const statusOf = async (paymentId: string) =>
  (await shop.get(`/payments/${paymentId}`)).body['status']
const becomes = (paymentId: string, status: string) =>
  until(`${paymentId} to be ${status}`, async () => (await statusOf(paymentId)) === status)

/** A worker captures it. */
async function capturedBy(paymentId: string): Promise<void> {
  const value = { ...report(paymentId, 1000), status: 'CAPTURED' } as const
  await workers.publish(topics.captured, { key: paymentId, value })
  await becomes(paymentId, 'CAPTURED')
}

test.serial('a capture is asked for once, whoever asks how often', async (t) => {
  const paymentId = await held('c1')
  t.is(await statusOf(paymentId), 'AUTHORIZED')
  t.deepEqual(await all.writtenOf(paymentId), [topics.authorized.name])
  const answers = await Promise.all(Array.from({ length: 10 }, () => shop.capture(paymentId)))
  for (const { status, body, headers } of answers) {
    t.is(status, 202)
    t.is(body['status'], 'CAPTURE_REQUESTED')
    t.is(String(headers['location']), `../${paymentId}`)
  }
  const asked = () => all.eventsOf(topics.captureRequested, paymentId)
  await until('the request', async () => (await asked()).length > 0)
  t.is((await asked()).length, 1)
  await capturedBy(paymentId)
  t.like(await shop.capture(paymentId), { status: 200, body: { status: 'CAPTURED' } })
})

test.serial('who prefers to wait for the capture is answered when it is there', async (t) => {
  const paymentId = await held('c2')
  const waiting = shop.capture(paymentId, { prefer: 'wait=5' })
  await until('the request', async () => (await statusOf(paymentId)) === 'CAPTURE_REQUESTED')
  await capturedBy(paymentId)
  t.like(await waiting, { status: 200, body: { status: 'CAPTURED' } })
  const startedAt = performance.now()
  const late = await shop.capture(await held('c3'), { prefer: 'respond-async, wait=1' })
  t.is(late.status, 202)
  t.true(performance.now() - startedAt > 900)
})

test.serial('what cannot be captured is 409 with its state', async (t) => {
  const paymentId = await held('c4')
  t.is((await shop.void(paymentId)).status, 200)
  t.like(await shop.capture(paymentId), {
    status: 409,
    body: { code: 'CAPTURE_CONFLICT', status: 'VOIDED' },
  })
  const failed = await authorised('c5')
  const why = { status: 'CAPTURE_FAILED', code: 'PG_X', message: 'no' } as const
  const value = { ...report(failed, 1000), ...why }
  await workers.publish(topics.captureFailed, { key: failed, value })
  await becomes(failed, 'CAPTURE_FAILED')
  t.is((await shop.capture(failed)).status, 409)
  t.is((await shop.get(`/payments/${failed}`)).body['failureCode'], 'PG_X')
})

test.serial('a void lets go at the gateway, tells others, and is the end', async (t) => {
  const paymentId = await held('v1')
  const answers = await Promise.all(Array.from({ length: 5 }, () => shop.void(paymentId)))
  t.true(answers.every(({ status }) => status === 200 || status === 202))
  await becomes(paymentId, 'VOIDED')
  t.like(await all.chargesOf(paymentId), { held: 1, voided: 1 })
  const told = () => all.eventsOf(topics.voided, paymentId)
  await until('the event', async () => (await told()).length > 0)
  const [event, ...others] = await told()
  t.like(event, { status: 'VOIDED', version: 3, merchantId: merchant })
  t.is(others.length, 0)
  t.is((await shop.void(paymentId)).status, 200)
  t.like(await shop.void(await authorised('v2')), { status: 409, body: { code: 'VOID_CONFLICT' } })
})

test.serial('a void that is not confirmed excludes a capture, and is done later', async (t) => {
  const paymentId = await held('v3')
  await all.pg.behave('void', { connection: 'reset-before' })
  t.is((await shop.void(paymentId)).status, 202)
  t.is((await shop.capture(paymentId)).status, 409)
  await all.pg.prompt()
  await becomes(paymentId, 'VOIDED')
  t.like(await all.chargesOf(paymentId), { held: 1, voided: 1 })
})

test.serial('a capture and a void at once: one of them, never both', async (t) => {
  for (let round = 0; round < 10; round += 1) {
    const paymentId = await held(`cv-${round}`)
    const [capture] = await Promise.all([shop.capture(paymentId), shop.void(paymentId)])
    await until('an end', async () => (await statusOf(paymentId)) !== 'AUTHORIZED')
    const isVoided = (await statusOf(paymentId)) === 'VOIDED'
    t.is(capture.status, isVoided ? 409 : 202)
    t.is((await all.chargesOf(paymentId)).voided, isVoided ? 1 : 0)
  }
})

test.serial('what nobody captures is voided by itself', async (t) => {
  const soon = await all.start({ replica: 2, env: { PAYMENT_VOID_AFTER_MS: '300' } })
  t.teardown(() => soon.stop())
  const other = merchantAt(soon.url, await all.bearer(writer))
  const { body } = await other.authorize(order('v4', { capture: 'manual' }))
  await becomes(String(body['paymentId']), 'VOIDED')
  t.like(await all.chargesOf(body['paymentId']), { held: 1, voided: 1 })
})

test.serial('parts are refunded up to what was captured, whoever asks at once', async (t) => {
  const paymentId = await authorised('r1')
  await capturedBy(paymentId)
  const ask = async (n: number) => {
    for (;;) {
      const key = { 'idempotency-key': `p${n}` }
      const answer = await shop.refund(paymentId, { amount: 300 }, key)
      if (answer.status !== 503) return answer
    }
  }
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => ask(n)))
  t.is(answers.filter(({ status }) => status === 200).length, 3)
  for (const { status, body } of answers.filter(({ status }) => status !== 200)) {
    t.is(status, 422)
    t.like(body, { code: 'REFUND_EXCEEDS', left: 100 })
  }
  const asked = () => all.eventsOf(topics.refundRequested, paymentId)
  await until('requests', async () => (await asked()).length === 3)
  const versions = (await asked()).map(({ version }) => version)
  t.deepEqual(
    versions,
    [...new Set(versions)].sort((one, other) => one - other),
  )
  const rest = await shop.refund(paymentId)
  t.like(rest, { status: 200, body: { amount: 100 } })
  t.is((await shop.refund(paymentId)).text, rest.text)
})

test.serial(
  'a refund has one key: the same again is the same, other contents are 422',
  async (t) => {
    const paymentId = await authorised('r2')
    t.like(await shop.refund(paymentId), { status: 409, body: { code: 'REFUND_CONFLICT' } })
    await capturedBy(paymentId)
    const key = { 'idempotency-key': 'one' }
    const first = await shop.refund(paymentId, { amount: 400 }, key)
    const again = await shop.refund(paymentId, { amount: 400 }, key)
    t.is(again.text, first.text)
    t.is(first.headers['idempotent-replayed'], undefined)
    t.is(again.headers['idempotent-replayed'], 'true')
    t.is((await shop.refund(paymentId, { amount: 401 }, key)).status, 422)
    t.is((await shop.refund(paymentId, { amount: 400, reason: 'other' }, key)).status, 422)
    t.is((await shop.refund(paymentId, { amount: 400 })).status, 400, 'a part needs a key')
    const full = { 'idempotency-key': 'full' }
    t.is((await shop.refund(paymentId, { amount: 4 }, full)).status, 400)
    t.is((await shop.refund(paymentId, { amount: 1001 }, { 'idempotency-key': 'two' })).status, 422)
    t.is((await shop.refund(paymentId, { reason: ' ' })).status, 400)
  },
)

test.serial(
  'reports have their effect once; a failure gives back what was set aside',
  async (t) => {
    const paymentId = await authorised('r3')
    await capturedBy(paymentId)
    const refundOf = async (amount: number, key: string) => {
      const { body } = await shop.refund(paymentId, { amount }, { 'idempotency-key': key })
      return String(body['refundId'])
    }
    const [kept, lost] = [await refundOf(600, 'a'), await refundOf(400, 'b')]
    const why = { status: 'REFUND_FAILED', code: 'PG_Y', message: 'no' } as const
    const failed = { ...report(paymentId, 400), refundId: lost, ...why }
    const done = { ...report(paymentId, 600), refundId: kept, status: 'REFUNDED' } as const
    for (let times = 0; times < 3; times += 1) {
      await workers.publish(topics.refundFailed, { key: paymentId, value: failed })
      await workers.publish(topics.refunded, { key: paymentId, value: done })
    }
    await becomes(paymentId, 'PARTIAL_REFUNDED')
    await all.place.drained()
    for (const { eventId } of [failed, done])
      t.like(await all.rows('select seen from inbox where event_id = ?', eventId), [{ seen: 3 }])
    const { body } = await shop.get(`/payments/${paymentId}`)
    t.like(body, { captured: 1000, refunded: 600, refundReserved: 600 })
    const states = (body['refunds'] as { status: string }[]).map(({ status }) => status)
    t.deepEqual(states.sort(), ['REFUNDED', 'REFUND_FAILED'])
    const rest = await refundOf(400, 'c')
    const whole = { ...report(paymentId, 400), refundId: rest, status: 'REFUNDED' } as const
    await workers.publish(topics.refunded, { key: paymentId, value: whole })
    await becomes(paymentId, 'REFUNDED')
    t.is((await shop.refund(paymentId, { amount: 1 }, { 'idempotency-key': 'd' })).status, 409)
  },
)

test.serial('a token acts for its own merchant, and learns nothing of others', async (t) => {
  const paymentId = await held('m1')
  const other = merchantAt(url, await all.bearer(writer, 'MERCHANT-2'))
  const nobody = merchantAt(url, await all.place.bearer(...writer))
  t.like(await other.authorize(order('m1')), { status: 403, body: { code: 'OTHER_MERCHANT' } })
  t.like(await nobody.authorize(order('m1')), { status: 403, body: { code: 'NO_MERCHANT' } })
  t.is((await nobody.get('/payments')).status, 403)
  const theirs = { merchantId: 'MERCHANT-2' }
  for (const id of [paymentId, '01900000-0000-7000-8000-000000000000']) {
    t.is((await other.get(`/payments/${id}`)).status, 404)
    for (const verb of ['capture', 'void', 'refund']) {
      const { status } = await other.post(`/payments/${verb}/${id}`, { ...theirs, reason: 'x' })
      t.is(status, 404, verb)
    }
  }
  t.is(await statusOf(paymentId), 'AUTHORIZED')
  const any = await all.place.token([writePayments, readPayments, anyMerchant])
  const load = merchantAt(url, { authorization: `Bearer ${any}` })
  t.is((await load.authorize(order('m2', theirs))).status, 200)
  t.is((await load.get(`/payments/${paymentId}`)).status, 200)
  const admin = await all.place.bearer(readPayments, writePayments, adminPayments)
  const desk = merchantAt(url, admin)
  t.is((await desk.get(`/payments/${paymentId}`)).status, 200)
  const { items } = (await desk.get('/payments?merchantId=MERCHANT-2')).body as { items: object[] }
  t.is(items.length, 1)
  t.is((await desk.authorize(order('m4'))).status, 403, 'who looks after payments makes none')
  t.is((await desk.capture(paymentId)).status, 403)
  const reader = merchantAt(url, await all.bearer([readPayments]))
  t.is((await reader.authorize(order('m3'))).status, 403)
})

test.serial('payments are listed latest first, narrowed, page by page', async (t) => {
  const lister = merchantAt(url, await all.bearer(writer, 'LISTED'))
  const made: unknown[] = []
  for (let n = 0; n < 5; n += 1) {
    const rest = { merchantId: 'LISTED', currency: n % 2 ? 'USD' : 'KRW' }
    made.unshift((await lister.authorize(order(`l${n}`, rest))).body['paymentId'])
  }
  interface Page {
    items: { paymentId: string }[]
    next: string | null
  }
  const page = async (query: string) =>
    (await lister.get(`/payments?${query}`)).body as unknown as Page
  const seen: string[] = []
  for (let after: string | null = ''; after !== null;) {
    const { items, next }: Page = await page(`size=2${after}`)
    seen.push(...items.map(({ paymentId }) => paymentId))
    after = next === null ? null : `&cursor=${next}`
  }
  t.deepEqual(seen, made)
  const found = async (query: string) => (await page(query)).items.length
  t.is(await found('currency=USD'), 2)
  t.is(await found('status=AUTH_FAILED'), 0)
  t.is(await found('status=CAPTURE_REQUESTED&currency=KRW'), 3)
  t.is(await found('from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z'), 0)
  t.is(await found('from=2020-01-01T00:00:00Z'), 5)
  t.is((await lister.get('/payments?merchantId=MERCHANT-1')).status, 403)
  for (const wrong of ['size=0', 'size=101', 'status=LOST', 'cursor=1', 'currency=krw', 'from=now'])
    t.is((await lister.get(`/payments?${wrong}`)).status, 400, wrong)
})

test.serial(
  'reports that contradict the books are dead letters, and the next ones go on',
  async (t) => {
    const paymentId = await authorised('dl')
    const unreadable = Buffer.from('{"no":"report"}')
    await workers.forward(topics.captured, {
      key: Buffer.from(paymentId),
      value: unreadable,
      headers: {},
    })
    const unknown = '01900000-0000-7000-8000-000000000000'
    for (const [id, amount] of [
      [unknown, 1000],
      [paymentId, 1001],
    ] as const) {
      const value = { ...report(id, amount), status: 'CAPTURED' } as const
      await workers.publish(topics.captured, { key: paymentId, value })
    }
    await capturedBy(paymentId)
    t.like((await shop.get(`/payments/${paymentId}`)).body, { captured: 1000 })
    const letters = await textsOf(all.shelf, { name: 'payment.v1.dlq' })
    t.is(letters.length, 3)
  },
)
