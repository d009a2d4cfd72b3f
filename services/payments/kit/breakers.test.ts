import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import gateway from '../../platform/gateway/service.ts'
import { gatewayTo } from '../../platform/gateway/start.ts'
import { topology } from '../../topology.ts'
import payment from '../payment/service.ts'
import { merchantAt, writer } from '../payment/testing.ts'
import refund from '../refund/service.ts'
import { start as startRefund } from '../refund/start.ts'
import { adminPayments } from '../scopes.ts'
import settlement from '../settlement/service.ts'
import { start as startSettlement } from '../settlement/start.ts'
import { captureOf, hastyWorker, workerBench, type WorkerBench } from './testing.ts'

type Body = Record<string, unknown>

let all: WorkerBench

test.before(async () => {
  all = await workerBench(topology, await testServers('kafka', 'mariadb', 'redis'), {
    ...{ service: settlement, start: startSettlement },
  })
})
test.after.always(() => all?.stop())

/** Payment and its workers behind the front door, as an operator sees them. */
async function doorOf(t: ExecutionContext) {
  const first = await all.startWorker()
  const second = await all.startWorker({ replica: 2 })
  const env = hastyWorker('refund')
  const back = await all.place.start(refund, startRefund, { env })
  const api = await all.start()
  const services = [payment, settlement, refund]
  const door = await all.place.start(gateway, gatewayTo({ services }), {
    env: {
      SERVICE_PAYMENT_URL: api.url,
      SERVICE_SETTLEMENT_URL: first.url,
      SERVICE_REFUND_URL: back.url,
    },
  })
  for (const one of [first, second, back, api, door]) t.teardown(() => one.stop())
  const seenAt = async (url: string) => merchantAt(url, await all.place.bearer(adminPayments))
  const operator = await seenAt(`${door.url}/api`)
  return {
    ...{ operator, first, back },
    shop: merchantAt(`${door.url}/api`, await all.bearer(writer)),
    other: await seenAt(second.url),
    choose: (name: string, state: string) =>
      operator.post(`/circuit-breaker/${name}/state`, { state, reason: `to be ${state}` }),
  }
}

test.serial('breakers of workers are seen with the others, and put into a state', async (t) => {
  const { operator, other, choose, shop, back } = await doorOf(t)
  const { status, body } = await operator.get('/circuit-breaker/status')
  t.is(status, 200)
  const closed = { state: 'CLOSED', chosen: null }
  t.like(body, {
    'pg-auth-api': { ...closed, instance: 'payment-1' },
    'kafka-publisher': { ...closed, instance: 'payment-1' },
    'pg-refund-api': { ...closed, instance: 'refund-1' },
    'pg-capture-api': closed,
  })
  const path = '/circuit-breaker/pg-capture-api'
  for (const line of ['/circuit-breaker/status', path, `${path}/audit`])
    t.is((await shop.get(line)).status, 403, line)
  t.is((await shop.post(`${path}/state`, { state: 'CLOSED', reason: 'x' })).status, 403)

  t.like(await choose('pg-capture-api', 'FORCED_OPEN'), {
    ...{ status: 200, body: { state: 'FORCED_OPEN', instance: 'settlement-1' } },
  })
  const stateAt = async () => (await other.get(path)).body['state']
  await until('the other replica', async () => (await stateAt()) === 'FORCED_OPEN')
  t.like((await operator.get('/circuit-breaker/status')).body, {
    'pg-capture-api': { state: 'FORCED_OPEN', chosen: { reason: 'to be FORCED_OPEN' } },
  })
  const paymentId = await all.authorised()
  await all.askCapture(captureOf(paymentId))
  const refusals = async () => Number((await other.get(path)).body['numberOfNotPermittedCalls'])
  await until('its row', async () => (await all.requestOf(paymentId)) !== undefined)
  const seen = await refusals()
  await until('looks in vain', async () => (await refusals()) > seen + 2)
  t.like(await all.requestOf(paymentId), { status: 'PENDING', attempt: 0 })
  await choose('pg-capture-api', 'CLOSED')
  await all.becomes(paymentId, 'SUCCESS')
  await until('the other replica', async () => (await stateAt()) === 'CLOSED')

  const trail = (await operator.get(`${path}/audit`)).body as unknown as Body[]
  t.deepEqual(
    trail.map(({ from, state, instance }) => [from, state, instance]),
    [
      ['FORCED_OPEN', 'CLOSED', 'settlement-1'],
      ['CLOSED', 'FORCED_OPEN', 'settlement-1'],
    ],
  )
  for (const { subject, clientId } of trail) t.truthy(subject && clientId)

  t.is((await choose('pg-refund-api', 'DISABLED')).status, 200)
  t.like((await operator.get('/circuit-breaker/pg-refund-api')).body, { state: 'DISABLED' })
  await choose('pg-refund-api', 'CLOSED')
  await back.stop()
  const without = await operator.get('/circuit-breaker/status')
  t.like(without, { status: 200, body: { 'pg-refund-api': null } })
  t.like(without.body, { 'pg-auth-api': closed, 'pg-capture-api': { state: 'CLOSED' } })
})
