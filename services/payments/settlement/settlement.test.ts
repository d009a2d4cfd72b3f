import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { recordsOf, textsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { captureOf, workerBench, type WorkerBench } from '../kit/testing.ts'
import { merchantAt, order, writer, type Merchant } from '../payment/testing.ts'
import { captured, captureFailed, voided } from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'

let all: WorkerBench
let shop: Merchant
let operate: Awaited<ReturnType<WorkerBench['operator']>>

test.before(async () => {
  all = await workerBench(topology, await testServers('kafka', 'mariadb', 'redis'), {
    ...{ service, start },
  })
  shop = merchantAt((await all.start()).url, await all.bearer(writer))
  operate = await all.operator((await all.startWorker()).url)
})
test.beforeEach(() => all.pg.prompt())
test.after.always(() => all?.stop())

const keyOf = (paymentId: string): string => `${paymentId}:capture`

async function authorised(key: string): Promise<string> {
  const { body, text } = await shop.authorize(order(key))
  if (typeof body['paymentId'] !== 'string') throw new Error(text)
  return body['paymentId']
}

const paymentIs = (paymentId: string, status: string) =>
  until(
    `${paymentId} to be ${status}`,
    async () => (await shop.get(`/payments/${paymentId}`)).body['status'] === status,
  )

test.serial('what is authorised is captured once, and the payment says so', async (t) => {
  const paymentId = await authorised('s1')
  await paymentIs(paymentId, 'CAPTURED')
  t.deepEqual(await all.callsOf(keyOf(paymentId)), ['approved'])
  t.like(await all.requestOf(paymentId), {
    ...{
      status: 'SUCCESS',
      payment_id: paymentId,
      request_amount: 1000n,
      pg_response_code: '0000',
    },
    ...{ attempt: 1, retry_count: 0, next_retry_at: null, call_since: null, unknown_since: null },
  })
  const [report, ...others] = (await recordsOf(all.shelf, captured)).filter(
    ({ key }) => key === paymentId,
  )
  t.is(others.length, 0)
  t.like(report?.value, { status: 'CAPTURED', amount: 1000, currency: 'KRW' })
  t.is(report?.headers['ce_id'], report?.value.eventId)
})

test.serial('who waits for a capture is told when the worker has done it', async (t) => {
  const { body } = await shop.authorize(order('s2', { capture: 'manual' }))
  const answer = await shop.capture(body['paymentId'], { prefer: 'wait=5' })
  t.like(answer, { status: 200, body: { status: 'CAPTURED' } })
})

test.serial(
  'what the gateway declines fails at once, says why, and is no dead letter',
  async (t) => {
    await all.pg.behave('capture', { declineRate: 1 })
    const paymentId = await authorised('s3')
    await paymentIs(paymentId, 'CAPTURE_FAILED')
    t.is((await shop.get(`/payments/${paymentId}`)).body['failureCode'], 'PG_DECLINED')
    t.deepEqual(await all.callsOf(keyOf(paymentId)), ['declined'])
    t.like(await all.requestOf(paymentId), { status: 'FAILED', attempt: 1, dead_at: null })
    const [report] = await all.eventsOf(captureFailed, paymentId)
    t.like(report, { status: 'CAPTURE_FAILED', code: 'PG_DECLINED', isFinal: true })
  },
)

const historyOf = async (paymentId: string) => {
  const { body } = await shop.get(`/payments/${paymentId}`)
  return (body['history'] as { status: string }[]).map(({ status }) => status)
}

test.serial('what is held for a capture that is declined is let go', async (t) => {
  await all.pg.behave('capture', { declineRate: 1 })
  await all.pg.behave('void', { failureRate: 1 })
  const paymentId = await authorised('s6')
  const voids = async () =>
    (await all.pg.calls()).filter(({ type, key }) => type === 'void' && key === `${paymentId}:auth`)
      .length
  await until('a void', async () => (await voids()) > 0)
  t.is((await shop.get(`/payments/${paymentId}`)).body['status'], 'CAPTURE_FAILED')
  await all.pg.prompt()
  await paymentIs(paymentId, 'VOIDED')
  t.like(await all.chargesOf(paymentId), { held: 1, voided: 1 })
  t.deepEqual((await historyOf(paymentId)).slice(-3), [
    ...['CAPTURE_REQUESTED', 'CAPTURE_FAILED'],
    'VOIDED',
  ])
  t.is((await shop.get(`/payments/${paymentId}`)).body['failureCode'], 'PG_DECLINED')
  await until('the event', async () => (await all.eventsOf(voided, paymentId)).length === 1)
})

test.serial('what is held for a capture that was given up stays for seven days', async (t) => {
  await all.pg.behave('capture', { failureRate: 1 })
  const [again, never] = [await authorised('s7'), await authorised('s8')]
  const inVain = await authorised('s10')
  for (const paymentId of [again, never, inVain]) await paymentIs(paymentId, 'CAPTURE_FAILED')
  // One that failed later and for good is let go before.
  await all.pg.behave('capture', { failureRate: 0, declineRate: 1 })
  await paymentIs(await authorised('s9'), 'VOIDED')
  for (const paymentId of [again, never, inVain])
    t.like(await all.chargesOf(paymentId), { held: 1, voided: 0 })
  t.like(await operate(`POST /admin/settlement/migrate-dlq?id=${inVain}`), { status: 200 })
  await paymentIs(inVain, 'VOIDED')
  await all.pg.prompt()
  t.like(await operate(`POST /admin/settlement/migrate-dlq?id=${again}`), { status: 200 })
  await paymentIs(again, 'CAPTURED')
  t.deepEqual((await historyOf(again)).slice(-2), ['CAPTURE_FAILED', 'CAPTURED'])
  const later = 'resolve_after = resolve_after - interval 7 day'
  await all.rowsIn('payment')(
    `update payment set ${later} where payment_id in (?, ?)`,
    again,
    never,
  )
  await paymentIs(never, 'VOIDED')
  t.like(await all.chargesOf(never), { held: 1, voided: 1 })
  t.like(await all.chargesOf(again), { voided: 0 })
  // Whoever has it tried again now is told by the gateway.
  t.like(await operate(`POST /admin/settlement/migrate-dlq?id=${never}`), { status: 200 })
  await until('the answer', async () => (await all.callsOf(keyOf(never))).includes('declined'))
  await paymentIs(never, 'VOIDED')
})

test.serial('a request that comes again, as itself or anew, is one', async (t) => {
  const paymentId = await all.authorised()
  const event = captureOf(paymentId)
  for (let times = 0; times < 3; times += 1) await all.askCapture(event)
  await all.askCapture(captureOf(paymentId))
  await all.becomes(paymentId, 'SUCCESS')
  await all.askCapture(event)
  await all.askCapture(captureOf(paymentId))
  await all.place.drained()
  t.like(await all.requestOf(paymentId), { status: 'SUCCESS', attempt: 1, seen: 6 })
  t.like(await all.rows('select seen from inbox where event_id = ?', event.eventId), [{ seen: 4 }])
  t.deepEqual(await all.callsOf(keyOf(paymentId)), ['approved'])
  t.is((await all.eventsOf(captured, paymentId)).length, 1)
})

test.serial(
  'a request that contradicts an earlier one is a dead letter; others go on',
  async (t) => {
    const paymentId = await all.authorised()
    await all.askCapture(captureOf(paymentId))
    await all.becomes(paymentId, 'SUCCESS')
    await all.askCapture({ ...captureOf(paymentId), amount: 999 })
    const next = await all.authorised()
    await all.askCapture(captureOf(next))
    await all.becomes(next, 'SUCCESS')
    const letters = async () =>
      (await textsOf(all.shelf, { name: 'settlement.v1.dlq' })).filter(
        ({ key }) => key === paymentId,
      )
    await until('the letter', async () => (await letters()).length > 0)
    const [letter, ...others] = await letters()
    t.is(others.length, 0)
    t.is(letter?.headers['x-error-class'], 'CONTRADICTION')
    t.like(await all.requestOf(paymentId), { request_amount: 1000n })
  },
)

test.serial('a capture is a part of the trace of its payment', async (t) => {
  const paymentId = await authorised('s4')
  await paymentIs(paymentId, 'CAPTURED')
  const named = (name: string) =>
    all.place.spans().filter(({ name: one, attributes }) => {
      return one === name && attributes['payment.id'] === paymentId
    })
  const [asked] = named('ask settlement')
  const [authorised_] = named('POST /payments/authorize')
  t.truthy(asked)
  t.is(asked?.spanContext().traceId, authorised_?.spanContext().traceId)
})
