import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import gateway from '../../platform/gateway/service.ts'
import { gatewayTo } from '../../platform/gateway/start.ts'
import { topology } from '../../topology.ts'
import { adminPayments } from '../scopes.ts'
import payment from './service.ts'
import { merchantAt, order, patient, paymentBench, writer, type PaymentBench } from './testing.ts'

type Body = Record<string, unknown>

let all: PaymentBench

test.before(async () => {
  all = await paymentBench(topology, await testServers('kafka', 'mariadb', 'redis'))
})
test.beforeEach(() => all.pg.prompt())
test.after.always(() => all?.stop())

const authBreaker = 'pg-auth-api'

/** A replica of the API, as a merchant and as an operator sees it. */
async function replica(t: ExecutionContext, number: number, env: Record<string, string> = {}) {
  const running = await all.start({ replica: number, env: { ...patient, ...env } })
  t.teardown(() => running.stop())
  return { running, ...(await seenAt(running.url)) }
}

async function seenAt(url: string) {
  const shop = merchantAt(url, await all.bearer(writer))
  const operator = merchantAt(url, await all.place.bearer(adminPayments))
  const breaker = async (name = authBreaker) =>
    (await operator.get(`/circuit-breaker/${name}`)).body
  return {
    shop,
    operator,
    breaker,
    stateOf: async (name = authBreaker) => (await breaker(name))['state'],
    choose: (state: string, name = authBreaker) =>
      operator.post(`/circuit-breaker/${name}/state`, { state, reason: `to be ${state}` }),
  }
}

const within2s = async (t: ExecutionContext, what: string, holds: () => Promise<boolean>) => {
  const startedAt = performance.now()
  await until(what, holds)
  t.true(performance.now() - startedAt < 2000, what)
}

test.serial('every breaker says its state and the calls in its window', async (t) => {
  const { shop, operator, breaker } = await replica(t, 1)
  for (let n = 0; n < 9; n += 1) t.is((await shop.authorize(order(`s${n}`))).status, 200)
  t.like(await breaker(), { state: 'CLOSED', failureRate: '-1.00%', slowCallRate: '-1.00%' })
  await all.pg.behave('authorize', { failureRate: 1 })
  t.is((await shop.authorize(order('s9'))).status, 202)
  t.deepEqual(await breaker(), {
    state: 'CLOSED',
    numberOfSuccessfulCalls: 9,
    numberOfFailedCalls: 1,
    numberOfSlowCalls: 0,
    numberOfSlowSuccessfulCalls: 0,
    numberOfSlowFailedCalls: 0,
    numberOfBufferedCalls: 10,
    numberOfNotPermittedCalls: 0,
    failureRate: '10.00%',
    slowCallRate: '0.00%',
    instance: 'payment-1',
    chosen: null,
  })
  const { body } = await operator.get('/circuit-breaker/status')
  const own = ['kafka-publisher', authBreaker, 'pg-void-api', 'refund', 'settlement']
  const ofWorkers = ['pg-capture-api', 'pg-refund-api']
  t.deepEqual(Object.keys(body).sort(), [...own, ...ofWorkers].sort())
  t.deepEqual(
    ofWorkers.map((name) => body[name]),
    [null, null],
    'nobody is there who has them',
  )
  await until('the events', async () => {
    const { numberOfSuccessfulCalls } = await breaker('kafka-publisher')
    return Number(numberOfSuccessfulCalls) > 0
  })
})

test.serial('what an operator chooses holds on every replica, and in the next one', async (t) => {
  const [one, two] = [await replica(t, 1), await replica(t, 2)]
  t.like(await one.choose('FORCED_OPEN'), { status: 200, body: { state: 'FORCED_OPEN' } })
  await within2s(t, 'the other', async () => (await two.stateOf()) === 'FORCED_OPEN')
  for (const { shop, breaker } of [one, two]) {
    const refused = await shop.authorize(order('forced'))
    t.like(refused, { status: 503, body: { code: 'BREAKER_OPEN' } })
    t.is(
      refused.headers['proxy-status'],
      'payment; error=destination_unavailable; next-hop=pg-auth-api',
    )
    t.like(await breaker(), { numberOfNotPermittedCalls: 1 })
  }
  t.is(await all.paymentUnder('forced'), undefined)
  const three = await replica(t, 3)
  await within2s(t, 'a new one', async () => (await three.stateOf()) === 'FORCED_OPEN')

  await two.choose('CLOSED')
  for (const { stateOf } of [one, two, three])
    await within2s(t, 'its release', async () => (await stateOf()) === 'CLOSED')
  t.is((await one.shop.authorize(order('forced'))).status, 200)
})

test.serial(
  'a disabled breaker lets pass and counts, a forced half-open one stays so',
  async (t) => {
    const { shop, breaker, choose } = await replica(t, 1)
    await choose('DISABLED')
    await all.pg.behave('authorize', { failureRate: 1 })
    for (let n = 0; n < 12; n += 1) t.is((await shop.authorize(order(`d${n}`))).status, 202)
    t.like(await breaker(), { state: 'DISABLED', numberOfFailedCalls: 12, failureRate: '100.00%' })
    await choose('FORCED_HALF_OPEN')
    for (let n = 0; n < 12; n += 1) t.is((await shop.authorize(order(`e${n}`))).status, 202)
    t.like(await breaker(), { state: 'FORCED_HALF_OPEN', numberOfFailedCalls: 12 })
    await choose('CLOSED')
    t.like(await breaker(), { state: 'CLOSED', numberOfBufferedCalls: 0 })
  },
)

test.serial('events wait while their publisher is forced open, payments do not', async (t) => {
  const { shop, choose, breaker } = await replica(t, 1)
  await choose('FORCED_OPEN', 'kafka-publisher')
  const { status, body } = await shop.authorize(order('waits'))
  t.is(status, 200)
  const waiting = () =>
    all.rows('select 1 from outbox where published_at is null and `key` = ?', body['paymentId'])
  await until(
    'refusals',
    async () => Number((await breaker('kafka-publisher'))['numberOfNotPermittedCalls']) > 1,
  )
  t.is((await waiting()).length, 2)
  await choose('CLOSED', 'kafka-publisher')
  await until('the events', async () => (await waiting()).length === 0)
})

test.serial('the trail says who chose what, when and why', async (t) => {
  const { operator, choose } = await replica(t, 1)
  const before = Date.now()
  await choose('DISABLED', 'pg-void-api')
  await choose('CLOSED', 'pg-void-api')
  const { body } = await operator.get('/circuit-breaker/pg-void-api/audit')
  const choices = body as unknown as Body[]
  t.deepEqual(
    choices.map(({ from, state, reason }) => [from, state, reason]),
    [
      ['DISABLED', 'CLOSED', 'to be CLOSED'],
      ['CLOSED', 'DISABLED', 'to be DISABLED'],
    ],
  )
  for (const { subject, clientId, at, instance } of choices) {
    t.truthy(subject)
    t.truthy(clientId)
    t.is(instance, 'payment-1')
    t.true(Math.abs(Date.parse(String(at)) - before) < 60_000)
  }
  t.like((await operator.get('/circuit-breaker/pg-void-api')).body, { chosen: choices[0] ?? {} })
})

test.serial('only operators see and choose, and only what there is', async (t) => {
  const { shop, operator, choose, breaker } = await replica(t, 1)
  const wish = { state: 'FORCED_OPEN', reason: 'x' }
  t.is((await shop.get('/circuit-breaker/status')).status, 403)
  t.is((await shop.get(`/circuit-breaker/${authBreaker}`)).status, 403)
  t.is((await shop.post(`/circuit-breaker/${authBreaker}/state`, wish)).status, 403)
  t.is((await operator.get('/circuit-breaker/nobody')).status, 404)
  const missing = await choose('CLOSED', 'nobody')
  t.is(missing.status, 404)
  t.regex(String(missing.body['detail']), /pg-auth-api/)
  for (const [field, wrong] of [
    ['body.state', { ...wish, state: 'OPEN' }],
    ['body.state', { ...wish, state: 'closed' }],
    ['body.reason', { state: 'CLOSED' }],
    ['body.reason', { ...wish, reason: ' ' }],
  ] as const) {
    const { status, body } = await operator.post(`/circuit-breaker/${authBreaker}/state`, wrong)
    t.is(status, 400)
    t.is((body['errors'] as { field: string }[])[0]?.field, field)
  }
  t.is((await breaker())['state'], 'CLOSED')
})

test.serial('a gateway that takes longer than it is left alone is let in again', async (t) => {
  const { shop, stateOf } = await replica(t, 1, { PAYMENT_BREAKER_OPEN_MS: '100' })
  await all.pg.behave('authorize', { failureRate: 1 })
  for (let n = 0; n < 12; n += 1) await shop.authorize(order(`left-${n}`))
  // Longer than the wait for trials by far, so that others are let in while the first are under way.
  await all.pg.behave('authorize', { failureRate: 0, delayMinMs: 400, delayMaxMs: 400 })
  const stopped = new AbortController()
  t.teardown(() => stopped.abort())
  const asking = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await shop.authorize(order(randomUUID())).catch(() => undefined)
      await pause(20)
    }
  }
  const load = Promise.all([asking(), asking(), asking(), asking(), asking(), asking()])
  await until('it to close', async () => (await stateOf()) === 'CLOSED')
  stopped.abort()
  await load
  t.is((await shop.authorize(order('let-in'))).status, 200)
})

test.serial('an open breaker behind it does not close the front door', async (t) => {
  const { running } = await replica(t, 1, { PAYMENT_BREAKER_OPEN_MS: '60000' })
  const door = await all.place.start(gateway, gatewayTo({ services: [payment] }), {
    env: { SERVICE_PAYMENT_URL: running.url },
  })
  t.teardown(() => door.stop())
  const { shop, stateOf } = await seenAt(`${door.url}/api`)
  t.is((await shop.authorize(order('door'))).status, 200)
  await all.pg.behave('authorize', { failureRate: 1 })
  for (let n = 0; n < 12; n += 1) await shop.authorize(order(`door-${n}`))
  t.is(await stateOf(), 'OPEN')
  for (let n = 0; n < 60; n += 1) {
    const refused = await shop.authorize(order(`shut-${n}`))
    t.like(refused, { status: 503, body: { code: 'BREAKER_OPEN', service: undefined } })
    t.regex(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  }
  t.is((await shop.get('/payments')).status, 200)
  const metrics = await (await fetch(`${door.admin}/metrics`)).text()
  t.regex(metrics, /circuit_breaker_state\{name="paymentCb",state="closed"\} 1/)
})
