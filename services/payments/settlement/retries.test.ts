import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { recordsOf, textsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { captureOf, workerBench, type WorkerBench } from '../kit/testing.ts'
import pgMock from '../pg-mock/service.ts'
import { start as startPgMock } from '../pg-mock/start.ts'
import { mockAt } from '../pg-mock/testing.ts'
import { adminPayments, readPayments, usePaymentGateway } from '../scopes.ts'
import { captured, captureFailed, captureRequested } from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'

let all: WorkerBench

test.before(async () => {
  all = await workerBench(topology, await testServers('kafka', 'mariadb', 'redis'), {
    ...{ service, start },
  })
})
test.beforeEach(() => all.pg.prompt())
test.after.always(() => all?.stop())

const keyOf = (paymentId: string): string => `${paymentId}:capture`

/** A worker of the test’s own: its breaker has heard nothing, and nobody else takes up its requests. */
async function started(t: ExecutionContext, env: Record<string, string> = {}) {
  const running = await all.startWorker({ env: { SERVICE_PG_MOCK_URL: all.gatewayUrl, ...env } })
  t.teardown(() => running.stop())
  return {
    operate: await all.operator(running.url),
    metrics: async () => (await fetch(`${running.admin}/metrics`)).text(),
  }
}

async function asked(): Promise<string> {
  const paymentId = await all.authorised()
  await all.askCapture(captureOf(paymentId))
  return paymentId
}

const tries = async (paymentId: string) => Number((await all.requestOf(paymentId))?.['attempt'])

test.serial('nothing is heard of what was done: it is asked again under its key', async (t) => {
  await started(t, { SETTLEMENT_GATEWAY_TIMEOUT_MS: '300' })
  for (const connection of ['silent-after', 'reset-after'] as const) {
    await all.pg.behave('capture', { connection })
    const paymentId = await asked()
    await until('a second try', async () => (await tries(paymentId)) >= 2)
    t.like(await all.requestOf(paymentId), { status: 'PENDING', retry_count: 0 })
    await all.pg.prompt()
    await all.becomes(paymentId, 'SUCCESS')
    const calls = await all.callsOf(keyOf(paymentId))
    t.is(calls.filter((outcome) => outcome === 'approved').length, 1)
    t.true(calls.filter((outcome) => outcome === 'replayed').length >= 1)
    const reports = () => all.eventsOf(captured, paymentId)
    await until('the report', async () => (await reports()).length > 0)
    t.is((await reports()).length, 1)
  }
})

test.serial('however often nothing is heard, nothing fails by it', async (t) => {
  const worker = await started(t, {
    SETTLEMENT_MAX_RETRIES: '1',
    SETTLEMENT_GATEWAY_TIMEOUT_MS: '150',
  })
  await all.pg.behave('capture', { connection: 'reset-before' })
  const paymentId = await asked()
  await until('four tries', async () => (await tries(paymentId)) >= 4)
  const row = await all.requestOf(paymentId)
  t.like(row, { status: 'PENDING', retry_count: 0, dead_at: null })
  t.truthy(row?.['unknown_since'])
  // From here on the gateway says that it does nothing; what was unknown before stays so.
  await all.pg.behave('capture', { connection: 'answers', failureRate: 1 })
  const before = await tries(paymentId)
  await until('two failures', async () => {
    const { retry_count: failures } = (await all.requestOf(paymentId)) ?? {}
    return Number(failures) >= 2
  })
  t.true((await tries(paymentId)) > before)
  t.like(await all.requestOf(paymentId), { status: 'PENDING', dead_at: null })
  await until('the gauge', async () => /settlement_unknown 1/.test(await worker.metrics()))
  t.regex(await worker.metrics(), /settlement_unknown_oldest_seconds [^0]/)
  await all.pg.prompt()
  await all.rows('update settlement_request set next_retry_at = now(3) where id = ?', paymentId)
  await all.becomes(paymentId, 'SUCCESS')
  t.deepEqual(await all.eventsOf(captureFailed, paymentId), [])
})

test.serial('what is heard after somebody else took it up changes nothing', async (t) => {
  const first = await started(t, {
    SETTLEMENT_GATEWAY_TIMEOUT_MS: '5000',
    SETTLEMENT_LOOK_EVERY_MS: '60000',
  })
  await all.pg.behave('capture', { connection: 'silent-after' })
  const paymentId = await asked()
  await until('a first call', async () => (await all.callsOf(keyOf(paymentId))).length === 1)
  // The second is still under way when the first gives up.
  await all.pg.behave('capture', { connection: 'answers', delayMinMs: 6000, delayMaxMs: 6000 })
  await all.rows('update settlement_request set next_retry_at = now(3) where id = ?', paymentId)
  await started(t, { SETTLEMENT_GATEWAY_TIMEOUT_MS: '20000' })
  await until('a second try', async () => (await tries(paymentId)) === 2)
  const overtaken = async () => /settlement_overtaken_total 1/.test(await first.metrics())
  await until('the first to notice', overtaken)
  t.like(await all.requestOf(paymentId), { status: 'PENDING', attempt: 2, pg_response_code: null })
  await all.becomes(paymentId, 'SUCCESS')
  t.is((await all.rows('select 1 from outbox where `key` = ?', paymentId)).length, 1)
  t.deepEqual(await all.callsOf(keyOf(paymentId)), ['approved', 'replayed'])
})

test.serial(
  'what fails is tried later and later, then given up, reported, and a dead letter',
  async (t) => {
    const { operate, metrics } = await started(t)
    await all.pg.behave('capture', { failureRate: 1 })
    const paymentId = await asked()
    await all.becomes(paymentId, 'FAILED')
    t.like(await all.requestOf(paymentId), {
      ...{ retry_count: 3, attempt: 3, pg_response_code: 'PG_INTERRUPTED', unknown_since: null },
    })
    t.deepEqual(await all.callsOf(keyOf(paymentId)), ['failed', 'failed', 'failed'])
    await until('the report', async () => (await all.eventsOf(captureFailed, paymentId)).length > 0)
    const asking = (await recordsOf(all.shelf, captureRequested)).find(
      ({ key }) => key === paymentId,
    )
    const letters = async () =>
      (await textsOf(all.shelf, { name: 'settlement.v1.dlq' })).filter(
        ({ key }) => key === paymentId,
      )
    await until('the letter', async () => (await letters()).length > 0)
    const [letter] = await letters()
    t.deepEqual(JSON.parse(letter?.value ?? ''), asking?.value)
    t.like(letter?.headers, {
      ...{ 'x-error-class': 'PG_INTERRUPTED', 'x-attempts': '3' },
      'x-original-topic': captureRequested.name,
      'x-original-partition': String(asking?.partition),
      'x-original-offset': String(asking?.offset),
      ce_id: asking?.headers['ce_id'],
    })
    await until('the gauge', async () => /settlement_dead_letters 1/.test(await metrics()))
    t.like((await operate('GET /stats/settlement')).body, {
      ...{ deadLetterCount: 1, healthStatus: 'WARNING' },
    })
  },
)

test.serial('an operator has it tried again: audited, and each answer is clear', async (t) => {
  const { operate } = await started(t)
  await all.pg.behave('capture', { failureRate: 1 })
  const given = [await asked(), await asked()]
  for (const paymentId of given) await all.becomes(paymentId, 'FAILED')
  await all.pg.behave('capture', { failureRate: 0, declineRate: 1 })
  const declined = await asked()
  await all.becomes(declined, 'FAILED')
  await all.pg.prompt()

  const replay = '/admin/settlement/migrate-dlq'
  const stranger = '01900000-0000-7000-8000-000000000000'
  t.like(await operate(`POST ${replay}?id=${stranger}`), {
    ...{ status: 404, body: { code: 'NO_SUCH_REQUEST' } },
  })
  t.like(await operate(`POST ${replay}?id=${declined}`), {
    ...{ status: 409, body: { code: 'NOT_GIVEN_UP', status: 'FAILED' } },
  })
  t.like(await operate(`POST ${replay}?limit=0`), { status: 400 })
  t.like(await operate(`POST ${replay}?id=${given[0]}`), {
    status: 200,
    body: { success: true, totalCount: 1, successCount: 1, failCount: 0 },
  })
  await all.becomes(given[0] ?? '', 'SUCCESS')
  t.like(await operate(`POST ${replay}?id=${given[0]}`), {
    ...{ status: 409, body: { code: 'NOT_GIVEN_UP', status: 'SUCCESS' } },
  })
  const rest = await operate(`POST ${replay}`)
  t.is(rest.body['failCount'], 0)
  t.true(Number(rest.body['successCount']) >= 1)
  await all.becomes(given[1] ?? '', 'SUCCESS')
  t.deepEqual((await all.callsOf(keyOf(given[1] ?? ''))).at(-1), 'approved')
  t.like(await operate(`POST ${replay}`), {
    body: { totalCount: 0, message: 'Nothing was given up.' },
  })

  const { body } = await operate(`GET /admin/settlement/audit?id=${given[0]}`)
  t.like(body, {
    items: [{ requestId: given[0], action: 'reopened', subject: 'bench' }],
    next: null,
  })
  const trail = await operate('GET /admin/settlement/audit?size=1')
  t.is((trail.body['items'] as unknown[]).length, 1)
  t.not(trail.body['next'], null)
})

test.serial('only who looks after payments sees and steers it', async (t) => {
  const running = await all.startWorker({ replica: 2 })
  t.teardown(() => running.stop())
  const stranger = await all.operator(running.url, [readPayments])
  for (const line of [
    'GET /stats/settlement',
    'POST /admin/settlement/migrate-dlq',
    'GET /admin/settlement/audit',
  ])
    t.is((await stranger(line)).status, 403, line)
})

test.serial('a gateway that fails is left alone, which costs no request a try', async (t) => {
  const worker = await started(t, {
    SETTLEMENT_BREAKER_OPEN_MS: '4000',
    SETTLEMENT_MAX_RETRIES: '50',
    SETTLEMENT_RETRY_INTERVAL_MS: '20',
  })
  await all.pg.behave('capture', { failureRate: 1 })
  const first = await Promise.all(Array.from({ length: 4 }, asked))
  const isOpen = async () =>
    /circuit_breaker_state\{name="pg-capture-api",state="open"\} 1/.test(await worker.metrics())
  const refusals = async (): Promise<number> => {
    const line = /circuit_breaker_not_permitted_calls_total\{name="pg-capture-api"\} (\d+)/
    return Number(line.exec(await worker.metrics())?.[1])
  }
  await until('the breaker to open', isOpen)
  const late = await asked()
  await until('its row', async () => (await all.requestOf(late)) !== undefined)
  // What was under way when it opened is written.
  const underWay = 'select 1 from settlement_request where call_since is not null'
  await until('quiet', async () => (await all.rows(underWay)).length === 0)
  const counts = () => all.rows('select id, attempt, retry_count from settlement_request')
  const before = await counts()
  const seen = await refusals()
  await until('more looks', async () => (await refusals()) >= seen + 5)
  const after = await counts()
  t.true(await isOpen())
  t.deepEqual(after, before)
  t.is(await tries(late), 0)
  await all.pg.prompt()
  for (const paymentId of [...first, late]) await all.becomes(paymentId, 'SUCCESS')
})

test.serial(
  'a gateway that is crowded has done nothing, so it is asked again, once it has room',
  async (t) => {
    const crowded = await all.place.start({ ...pgMock, atOnce: 3 }, startPgMock, {
      env: { OVERLOAD_AFTER_MS: '10000' },
    })
    t.teardown(() => crowded.stop())
    const gateway = mockAt(crowded.url, await all.place.bearer(usePaymentGateway, adminPayments))
    await gateway.prompt()
    // Long enough that requests which come in one after the other meet there.
    await gateway.behave('capture', { delayMinMs: 1500, delayMaxMs: 1500 })
    const asking = await Promise.all(Array.from({ length: 12 }, asked))
    const worker = await started(t, {
      SERVICE_PG_MOCK_URL: crowded.url,
      SETTLEMENT_GATEWAY_TIMEOUT_MS: '5000',
    })
    for (const paymentId of asking) await all.becomes(paymentId, 'SUCCESS')
    const metrics = await worker.metrics()
    t.regex(metrics, /^settlement_attempts_total\{outcome="unasked"\} [1-9]/m)
    for (const outcome of ['unknown', 'failed'])
      t.true(metrics.includes(`settlement_attempts_total{outcome="${outcome}"} 0`), outcome)
    for (const paymentId of asking) t.like(await all.requestOf(paymentId), { retry_count: 0 })
  },
)

test.serial('statistics say how many are in which state, and how much was captured', async (t) => {
  const { operate } = await started(t)
  const before = (await operate('GET /stats/settlement')).body
  const paymentId = await asked()
  await all.becomes(paymentId, 'SUCCESS')
  await all.pg.behave('capture', { declineRate: 1 })
  await all.becomes(await asked(), 'FAILED')
  const { body, status } = await operate('GET /stats/settlement')
  t.is(status, 200)
  const more = (name: string): number => Number(body[name]) - Number(before[name])
  t.is(more('totalCount'), 2)
  t.is(more('successCount'), 1)
  t.is(more('failedCount'), 1)
  const [now, then] = [body['totalAmount'], before['totalAmount']] as Record<string, string>[]
  t.is(Number(now?.['KRW']) - Number(then?.['KRW'] ?? 0), 1000)
  t.is(body['delayedSettlements'], 0)
  t.is(Number(body['successRate']) + Number(body['failureRate']), 100)
  await all.rows(
    `insert into settlement_request (id, payment_id, merchant_id, version, request_amount, currency, event, headers,
       source_partition, source_offset, requested_at, next_retry_at)
     values ('late', 'late', 'M', 1, 1, 'KRW', '{}', '{}', 0, 0, now() - interval 61 minute, now() + interval 1 day)`,
  )
  t.like((await operate('GET /stats/settlement')).body, {
    ...{ delayedSettlements: 1, pendingCount: 1, healthStatus: 'WARNING' },
  })
})
