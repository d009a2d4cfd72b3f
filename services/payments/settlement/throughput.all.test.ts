import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess } from '../../kit/testing/own-process.ts'
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
test.after.always(() => all?.stop())

/** Of these the first and the last seconds are left out: then there are not enough to do. */
const count = 3000

test('with a gateway that takes 1 to 3 s one replica captures 200 a second', async (t) => {
  t.timeout(120_000)
  await (await all.startWorker()).stop()
  await all.pg.behave('capture', { delayMinMs: 1000, delayMaxMs: 2999 })
  const ids = await all.authorisedMany(count)
  await Promise.all(ids.map((paymentId) => all.askCapture(captureOf(paymentId))))
  const child = await ownProcess(service, await all.place.environment(service))
  t.teardown(() => child.kill('SIGKILL'))
  const text = `select count(*) as count from settlement_request where status = 'SUCCESS'`
  const done = async () => Number((await all.rows<{ count: bigint }>(text))[0]?.count)
  const reached = async (share: number): Promise<number> => {
    await until(`${share} of them`, async () => (await done()) >= share * count, 60_000)
    return performance.now()
  }
  const [from, to] = [await reached(0.2), await reached(0.8)]
  const perSecond = (0.6 * count * 1000) / (to - from)
  t.log(`${Math.round(perSecond)} captures a second`)
  t.true(perSecond > 200, String(perSecond))
  await killed(child)
})
