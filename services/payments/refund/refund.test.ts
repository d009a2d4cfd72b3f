import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { refundOf, workerBench, type WorkerBench } from '../kit/testing.ts'
import { merchantAt, order, report, writer, type Merchant } from '../payment/testing.ts'
import { refunded, refundFailed } from '../topics.ts'
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
  const { url } = await all.startWorker()
  operate = await all.operator(url)
})
test.beforeEach(() => all.pg.prompt())
test.after.always(() => all?.stop())

const paymentOf = async (paymentId: string) => (await shop.get(`/payments/${paymentId}`)).body
const paymentIs = (paymentId: string, wanted: Record<string, unknown>) =>
  until(`${paymentId} to be ${JSON.stringify(wanted)}`, async () => {
    const body = await paymentOf(paymentId)
    return Object.entries(wanted).every(([field, value]) => body[field] === value)
  })

/** A payment that is captured at the gateway and here, as the settlement worker reports it. */
async function capturedPayment(key: string): Promise<string> {
  const { body, text } = await shop.authorize(order(key))
  if (typeof body['paymentId'] !== 'string') throw new Error(text)
  const paymentId = await all.taken(body['paymentId'])
  await all.reportCaptured({ ...report(paymentId, 1000), status: 'CAPTURED' })
  await paymentIs(paymentId, { status: 'CAPTURED' })
  return paymentId
}

async function refundAsked(paymentId: string, amount: number, key: string): Promise<string> {
  const { body, text } = await shop.refund(paymentId, { amount }, { 'idempotency-key': key })
  if (typeof body['refundId'] !== 'string') throw new Error(text)
  return body['refundId']
}

test.serial('parts are given back, each once, and the payment says so', async (t) => {
  const paymentId = await capturedPayment('r1')
  const first = await refundAsked(paymentId, 300, 'a')
  await paymentIs(paymentId, { status: 'PARTIAL_REFUNDED', refunded: 300 })
  const rest = await refundAsked(paymentId, 700, 'b')
  await paymentIs(paymentId, { status: 'REFUNDED', refunded: 1000, refundReserved: 1000 })
  for (const refundId of [first, rest]) t.deepEqual(await all.callsOf(refundId), ['approved'])
  t.like(await all.requestOf(first), {
    ...{
      status: 'SUCCESS',
      payment_id: paymentId,
      refund_amount: 300n,
      refund_reason: 'too large',
    },
  })
  t.regex(String((await all.requestOf(first))?.['pg_cancel_transaction_id']), /^cancel_/)
  const reports = await all.eventsOf(refunded, paymentId)
  t.deepEqual(new Set(reports.map(({ refundId }) => refundId)), new Set([first, rest]))
})

test.serial('what the gateway declines is free to be asked for anew', async (t) => {
  const paymentId = await capturedPayment('r2')
  await all.pg.behave('refund', { declineRate: 1 })
  const refundId = await refundAsked(paymentId, 1000, 'a')
  await all.becomes(refundId, 'FAILED')
  await paymentIs(paymentId, { status: 'CAPTURED', refundReserved: 0 })
  const [failure] = await all.eventsOf(refundFailed, paymentId)
  t.like(failure, { refundId, code: 'PG_DECLINED', amount: 1000 })
  t.like(await operate(`POST /admin/refund/migrate-dlq?id=${refundId}`), {
    ...{ status: 409, body: { code: 'NOT_GIVEN_UP' } },
  })
  await all.pg.prompt()
  await refundAsked(paymentId, 1000, 'b')
  await paymentIs(paymentId, { status: 'REFUNDED' })
})

/** A refund that was tried in vain until it was given up. */
async function givenUp(paymentId: string, amount: number, key: string): Promise<string> {
  await all.pg.behave('refund', { failureRate: 1 })
  const refundId = await refundAsked(paymentId, amount, key)
  await all.becomes(refundId, 'FAILED')
  await paymentIs(paymentId, { refundReserved: 0 })
  await all.pg.prompt()
  return refundId
}

const replay = (refundId: string) => operate(`POST /admin/refund/migrate-dlq?id=${refundId}`)

test.serial('a refund that was given up is done later, and set aside again', async (t) => {
  const paymentId = await capturedPayment('r3')
  const refundId = await givenUp(paymentId, 400, 'a')
  t.like(await replay(refundId), { status: 200, body: { successCount: 1 } })
  await paymentIs(paymentId, { status: 'PARTIAL_REFUNDED', refunded: 400, refundReserved: 400 })
  const [shown] = (await paymentOf(paymentId))['refunds'] as Record<string, unknown>[]
  t.like(shown, { refundId, status: 'REFUNDED', failureCode: null })
  const calls = await all.callsOf(refundId)
  t.is(calls.filter((outcome) => outcome === 'approved').length, 1)
})

test.serial('but not when another one was asked for since: it means the same money', async (t) => {
  const paymentId = await capturedPayment('r4')
  const refundId = await givenUp(paymentId, 400, 'a')
  await refundAsked(paymentId, 400, 'b')
  await paymentIs(paymentId, { status: 'PARTIAL_REFUNDED', refunded: 400 })
  t.like(await replay(refundId), { status: 409, body: { code: 'NOT_REPLAYABLE' } })
  const { body } = await operate('POST /admin/refund/migrate-dlq')
  t.like(body, { success: false, failCount: 1, refused: [{ id: refundId }] })
  t.like(await all.requestOf(refundId), { status: 'FAILED' })
  await paymentIs(paymentId, { refunded: 400, refundReserved: 400 })
})

test.serial('nothing is given back twice, whatever is heard', async (t) => {
  const paymentId = await capturedPayment('r5')
  await all.pg.behave('refund', { connection: 'reset-after' })
  const refundId = await refundAsked(paymentId, 1000, 'a')
  await until('a second try', async () => {
    return Number((await all.requestOf(refundId))?.['attempt']) >= 2
  })
  await all.pg.prompt()
  await paymentIs(paymentId, { status: 'REFUNDED' })
  const calls = await all.callsOf(refundId)
  t.is(calls.filter((outcome) => outcome === 'approved').length, 1)
})

test.serial('a request that contradicts the gateway’s books is left to people', async (t) => {
  const paymentId = await all.taken(await all.authorised())
  const event = refundOf(paymentId, 300)
  await all.pg.call('refund', {
    ...{ key: event.refundId, capture: `${paymentId}:capture`, amount: 200, currency: 'KRW' },
  })
  await all.askRefund(event)
  await all.becomes(event.refundId, 'FAILED')
  t.like(await all.requestOf(event.refundId), { pg_response_code: 'PG_KEY_REUSED', attempt: 1 })
  t.truthy((await all.requestOf(event.refundId))?.['dead_at'])
  t.like((await operate('GET /stats/refund')).body, { delayedRefunds: 0, healthStatus: 'WARNING' })
})

test.serial('what came to its end has an end, and what waits for people waits', async (t) => {
  const paymentId = await capturedPayment('r6')
  const [old, young] = [
    await refundAsked(paymentId, 300, 'a'),
    await refundAsked(paymentId, 200, 'b'),
  ]
  const undecided = await capturedPayment('r7')
  const dead = await givenUp(undecided, 400, 'a')
  const since = await refundAsked(undecided, 400, 'b')
  for (const refundId of [old, young, since]) await all.becomes(refundId, 'SUCCESS')
  const ids = [old, young, dead, since]
  const before = (days: number, refundId: string) =>
    all.rows(
      `update refund_request set requested_at = requested_at - interval ${days} day,
         completed_at = completed_at - interval ${days} day, dead_at = dead_at - interval ${days} day where id = ?`,
      refundId,
    )
  for (const refundId of [old, dead, since]) await before(91, refundId)
  await before(89, young)
  const note = (table: string, columns: string, values: string) =>
    all.rows(`insert into ${table} (${columns}, at) values ${values}`)
  await note(
    'refund_audit',
    'request_id, action, subject, client_id',
    "('old', 'reopened', 's', 'c', now() - interval 366 day), ('young', 'reopened', 's', 'c', now() - interval 364 day)",
  )
  await note(
    'circuit_breaker_choice',
    'name, from_state, to_state, reason, subject, client_id, instance',
    ['forced_open', 'closed']
      .map((state) => `('gone', 'closed', '${state}', '', '', '', '', now() - interval 400 day)`)
      .join(', '),
  )
  // Who starts looks for what is old.
  const purging = await all.startWorker({ replica: 2 })
  t.teardown(() => purging.stop())
  const kept = async <Row>(text: string, ...values: unknown[]) =>
    (await all.rows<{ it: Row }>(text, ...values)).map(({ it }) => it)
  const choices = () =>
    kept("select to_state as it from circuit_breaker_choice where name = 'gone'")
  await until('the purge', async () => (await choices()).length === 1)
  t.deepEqual(await choices(), ['closed'], 'what holds stays, however old')
  t.deepEqual(
    new Set(await kept('select id as it from refund_request where id in (?, ?, ?, ?)', ...ids)),
    new Set([young, dead, since]),
  )
  t.deepEqual(
    await kept("select request_id as it from refund_audit where request_id in ('old', 'young')"),
    ['young'],
  )
  t.like(await replay(dead), { status: 409, body: { code: 'NOT_REPLAYABLE' } })
})
