import test from 'ava'
import {
  addressOf,
  ownServer,
  testServers,
  type OwnServer,
} from '../../../infra/local/engines/testing.ts'
import { textsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { adminPayments } from '../scopes.ts'
import { authorized, captureRequested } from '../topics.ts'
import { merchantAt, order, patient, paymentBench, writer, type PaymentBench } from './testing.ts'

let all: PaymentBench
let broker: OwnServer
let stores: Awaited<ReturnType<typeof testServers>>

test.before(async () => {
  stores = await testServers('mariadb', 'redis')
  broker = await ownServer('kafka')
  const servers = { ...stores.servers, ...addressOf('kafka', broker) }
  all = await paymentBench(topology, { servers, stop: () => Promise.resolve() })
})
test.after.always(async () => {
  await all?.stop()
  await broker?.stop()
  await stores?.stop()
})

/** Contract: the nine steps of the breaker's scenario. */
test('while Kafka is away its breaker opens and no payment fails; when it is back all is told', async (t) => {
  t.timeout(120_000)
  const running = await all.start({ env: patient })
  t.teardown(() => running.stop())
  const shop = merchantAt(running.url, await all.bearer(writer))
  const operator = merchantAt(running.url, await all.place.bearer(adminPayments))
  const breaker = async () => (await operator.get('/circuit-breaker/kafka-publisher')).body
  const stateIs = (state: string, ms?: number) =>
    until(`the breaker to be ${state}`, async () => (await breaker())['state'] === state, ms)
  const paid: string[] = []
  const pay = async (key: string): Promise<void> => {
    const { status, body, text } = await shop.authorize(order(key))
    t.is(status, 200, text)
    paid.push(String(body['paymentId']))
  }
  const refusals = async () => Number((await breaker())['numberOfNotPermittedCalls'])

  for (let n = 0; n < 5; n += 1) await pay(`before-${n}`)
  const told = () => all.rows('select 1 from outbox where published_at is not null')
  await until('the events', async () => (await told()).length === 10)
  t.like(await breaker(), { state: 'CLOSED', numberOfFailedCalls: 0 })

  await broker.crash()
  for (let n = 0; n < 15; n += 1) await pay(`down-${n}`)
  await stateIs('OPEN', 40_000)
  await until('calls that are not permitted', async () => (await refusals()) > 0)
  await pay('open')

  await broker.restart()
  for (let n = 0; (await breaker())['state'] !== 'CLOSED' && n < 100; n += 1) {
    await pay(`back-${n}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  await stateIs('CLOSED')
  await until('every event', async () => (await told()).length === 2 * paid.length, 30_000)
  for (const { name } of [authorized, captureRequested]) {
    const records = await textsOf(all.shelf, { name })
    t.deepEqual([...new Set(records.map(({ key }) => key))].sort(), [...paid].sort())
  }
  const dead = await all.rows('select 1 from outbox where attempts > 0 or dead_at is not null')
  t.is(dead.length, 0, 'an outage costs a row nothing')
})
