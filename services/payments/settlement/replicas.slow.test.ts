import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { captureOf, workerBench, type WorkerBench } from '../kit/testing.ts'
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

const roomy = { SETTLEMENT_GATEWAY_TIMEOUT_MS: '10000' }

const authorisedMany = async (count: number): Promise<readonly string[]> => {
  const ids: string[] = []
  while (ids.length < count)
    ids.push(...(await Promise.all(Array.from({ length: 20 }, all.authorised))))
  return ids
}

const unfinished = async () =>
  (await all.rows("select 1 from settlement_request where status = 'PENDING'")).length

test.serial(
  'replicas share the work: each request is asked for once, by one of them',
  async (t) => {
    t.timeout(60_000)
    for (const replica of [1, 2, 3]) {
      const running = await all.startWorker({ replica, env: roomy })
      t.teardown(() => running.stop())
    }
    await all.pg.behave('capture', { delayMinMs: 100, delayMaxMs: 600 })
    const ids = await authorisedMany(400)
    await Promise.all(ids.map((paymentId) => all.askCapture(captureOf(paymentId))))
    await until(
      'all rows',
      async () => (await all.rows('select 1 from settlement_request')).length === ids.length,
    )
    await until('all ends', async () => (await unfinished()) === 0, 40_000)
    const calls = (await all.pg.calls()).filter(({ type }) => type === 'capture')
    t.is(calls.length, ids.length)
    t.deepEqual(new Set(calls.map(({ outcome }) => outcome)), new Set(['approved']))
    t.is(new Set(calls.map(({ key }) => key)).size, ids.length)
    const attempts = await all.rows<{ attempt: number }>(
      'select distinct attempt from settlement_request',
    )
    t.deepEqual(attempts, [{ attempt: 1 }])
  },
)

test.serial(
  'with a gateway that takes 1 to 3 s one replica captures over 150 a second',
  async (t) => {
    t.timeout(60_000)
    await all.pg.behave('capture', { delayMinMs: 1000, delayMaxMs: 2999 })
    const ids = await authorisedMany(2000)
    await Promise.all(ids.map((paymentId) => all.askCapture(captureOf(paymentId))))
    const running = await all.startWorker({ env: roomy })
    t.teardown(() => running.stop())
    const done = async () =>
      (await all.rows("select 1 from settlement_request where status = 'SUCCESS'")).length - 400
    await until('the first', async () => (await done()) > 0)
    const startedAt = performance.now()
    await until('all', async () => (await done()) >= ids.length, 40_000)
    const perSecond = ids.length / ((performance.now() - startedAt) / 1000)
    t.log(`${Math.round(perSecond)} captures a second`)
    t.true(perSecond > 150, `${perSecond}`)
  },
)
