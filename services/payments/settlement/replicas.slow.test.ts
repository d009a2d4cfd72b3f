import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess } from '../../kit/testing/own-process.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { captureOf, hastyWorker, workerBench, type WorkerBench } from '../kit/testing.ts'
import pgMock from '../pg-mock/service.ts'
import { mockAt } from '../pg-mock/testing.ts'
import { adminPayments, usePaymentGateway } from '../scopes.ts'
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

const countOf = async (condition: string): Promise<number> => {
  const text = `select count(*) as count from settlement_request where ${condition}`
  return Number((await all.rows<{ count: bigint }>(text))[0]?.count)
}

const ask = async (count: number): Promise<readonly string[]> => {
  const ids = await all.authorisedMany(count)
  await Promise.all(ids.map((paymentId) => all.askCapture(captureOf(paymentId))))
  return ids
}

const msOf = ([seconds, nanos]: readonly [number, number]): number => seconds * 1000 + nanos / 1e6

test.serial('replicas share the work, and no two ask for one request at a time', async (t) => {
  t.timeout(60_000)
  for (const replica of [1, 2, 3]) {
    const env = { SETTLEMENT_GATEWAY_TIMEOUT_MS: '3000' }
    const running = await all.startWorker({ replica, env })
    t.teardown(() => running.stop())
  }
  await all.pg.behave('capture', { delayMinMs: 100, delayMaxMs: 600 })
  const ids = await ask(200)
  await until('all ends', async () => (await countOf("status = 'SUCCESS'")) === ids.length, 40_000)
  const approved = (await all.pg.calls()).filter(
    ({ type, outcome }) => type === 'capture' && outcome === 'approved',
  )
  t.deepEqual(approved.map(({ key }) => key).sort(), ids.map((id) => `${id}:capture`).sort())
  const tries = all.place.spans().filter(({ name }) => name === 'ask settlement')
  for (const id of ids) {
    const mine = tries
      .filter(({ attributes }) => attributes['payment.id'] === id)
      .sort((one, other) => msOf(one.startTime) - msOf(other.startTime))
    t.true(mine.length >= 1)
    for (const [at, later] of mine.slice(1).entries())
      t.true(msOf(later.startTime) >= msOf(mine[at]?.endTime ?? [0, 0]), id)
  }
})

test.serial(
  'a gateway that takes its time has 512 calls of one replica, and no more',
  async (t) => {
    t.timeout(60_000)
    await all.pg.behave('capture', { delayMinMs: 60_000, delayMaxMs: 60_000 })
    await all.rows('delete from settlement_request')
    const child = await ownProcess(service, {
      ...(await all.place.environment(service)),
      ...hastyWorker(service.name),
      SETTLEMENT_GATEWAY_TIMEOUT_MS: '60000',
    })
    t.teardown(() => child.kill('SIGKILL'))
    await ask(600)
    const underWay = () => countOf('call_since is not null')
    await until('all rows', async () => (await countOf('true')) === 600, 40_000)
    await until('512 calls', async () => (await underWay()) >= 512, 40_000)
    const metrics = await (await fetch(`${child.admin}/metrics`)).text()
    for (const kind of ['successful', 'failed'])
      t.true(
        metrics.includes(`circuit_breaker_buffered_calls{name="pg-capture-api",kind="${kind}"} 0`),
        `none has ${kind}`,
      )
    t.is(await underWay(), 512)
    t.is(await countOf('attempt = 0'), 600 - 512)
    await killed(child)
  },
)

test.serial('after an outage all of it is captured, and the gateway refuses none', async (t) => {
  t.timeout(120_000)
  await all.place.migrate(service)
  // Both as users run them; the gateway looks at its crowd, and at nothing that a busy machine changes.
  const mock = await ownProcess(pgMock, {
    ...(await all.place.environment(pgMock)),
    OVERLOAD_AFTER_MS: '60000',
  })
  t.teardown(() => mock.kill('SIGKILL'))
  const gateway = mockAt(mock.url, await all.place.bearer(usePaymentGateway, adminPayments))
  await gateway.prompt()
  await gateway.behave('capture', { delayMinMs: 2000, delayMaxMs: 6000 })
  await all.rows('delete from settlement_request')
  const ids = await ask(600)
  const child = await ownProcess(service, {
    ...(await all.place.environment(service)),
    SERVICE_PG_MOCK_URL: mock.url,
    SETTLEMENT_GATEWAY_TIMEOUT_MS: '60000',
  })
  t.teardown(() => child.kill('SIGKILL'))
  const began = performance.now()
  await until('all ends', async () => (await countOf("status = 'SUCCESS'")) === ids.length, 90_000)
  t.log(`${ids.length} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  const metrics = await (await fetch(`${mock.admin}/metrics`)).text()
  t.regex(metrics, /^http_requests_shed_total\S* 0$/m)
})
