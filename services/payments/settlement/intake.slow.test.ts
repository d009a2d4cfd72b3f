import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess } from '../../kit/testing/own-process.ts'
import { startProxy, type Proxy } from '../../kit/testing/proxy.ts'
import { topology } from '../../topology.ts'
import { captureOf, hastyWorker, workerBench, type WorkerBench } from '../kit/testing.ts'
import service from './service.ts'
import { start } from './start.ts'

let all: WorkerBench
let wire: Proxy

test.before(async () => {
  const tested = await testServers('kafka', 'mariadb', 'redis')
  all = await workerBench(topology, tested, { service, start })
  wire = await startProxy(tested.servers.mariadb?.port ?? 0)
})
test.after.always(async () => {
  await wire?.close()
  await all?.stop()
})

async function ownWorker(t: ExecutionContext) {
  const child = await ownProcess(service, {
    ...(await all.place.environment(service)),
    ...hastyWorker(service.name),
    MARIADB_SETTLEMENT_PORT: String(wire.port),
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

/** C10: the record read, nothing committed; C12: committed, its offset not. */
const points = { lost: 'C10', arrives: 'C12' } as const

for (const [last, point] of Object.entries(points) as ['lost' | 'arrives', string][])
  test.serial(`killed at ${point}, a request is there once`, async (t) => {
    t.timeout(60_000)
    const child = await ownWorker(t)
    const still = wire.standStill(['insert into settlement_request', 'commit'], last)
    const paymentId = await all.authorised()
    await all.askCapture(captureOf(paymentId))
    await still
    await killed(child)
    wire.mend()
    const again = await ownWorker(t)
    await all.becomes(paymentId, 'SUCCESS', 40_000)
    t.deepEqual(await all.callsOf(`${paymentId}:capture`), ['approved'])
    const written = await all.rows('select id from settlement_request where id = ?', paymentId)
    t.is(written.length, 1)
    await killed(again)
  })
