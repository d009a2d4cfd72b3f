import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess } from '../../kit/testing/own-process.ts'
import { startProxy, type Proxy } from '../../kit/testing/proxy.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import refund from '../refund/service.ts'
import { start as startRefund } from '../refund/start.ts'
import settlement from '../settlement/service.ts'
import { start as startSettlement } from '../settlement/start.ts'
import { captured, refunded } from '../topics.ts'
import { captureOf, hastyWorker, refundOf, workerBench, type WorkerBench } from './testing.ts'

interface Wires {
  readonly gateway: Proxy
  readonly database: Proxy
}

const workers = { settlement, refund }
type Name = keyof typeof workers
let benches: Record<Name, WorkerBench>
let wires: Record<Name, Wires>
let stopServers: () => Promise<void>

test.before(async () => {
  const { servers, stop } = await testServers('kafka', 'mariadb', 'redis')
  stopServers = stop
  const tested = { servers, stop: () => Promise.resolve() }
  benches = {
    settlement: await workerBench(topology, tested, {
      service: settlement,
      start: startSettlement,
    }),
    refund: await workerBench(topology, tested, { service: refund, start: startRefund }),
  }
  // Their tables are there then.
  for (const bench of Object.values(benches)) await (await bench.startWorker()).stop()
  const port = servers.mariadb?.port ?? 0
  const wiresOf = async ({ gatewayUrl }: WorkerBench): Promise<Wires> => ({
    gateway: await startProxy(Number(new URL(gatewayUrl).port)),
    database: await startProxy(port),
  })
  wires = {
    settlement: await wiresOf(benches.settlement),
    refund: await wiresOf(benches.refund),
  }
})
test.after.always(async () => {
  for (const { gateway, database } of Object.values(wires ?? {}))
    await Promise.all([gateway.close(), database.close()])
  for (const bench of Object.values(benches ?? {})) await bench.stop()
  await stopServers?.()
})

/** The worker as users run it, with a wire to the gateway and one to its database. */
async function ownWorker(t: ExecutionContext, name: Name) {
  const { gateway, database } = wires[name]
  const child = await ownProcess(workers[name], {
    ...(await benches[name].place.environment(workers[name])),
    ...hastyWorker(name),
    SERVICE_PG_MOCK_URL: `http://127.0.0.1:${gateway.port}`,
    [`MARIADB_${name.toUpperCase()}_PORT`]: String(database.port),
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

/** Writes a request as the intake does. @returns its id and its key at the gateway */
async function due(name: Name): Promise<{ id: string; paymentId: string; key: string }> {
  const bench = benches[name]
  const paymentId = await bench.authorised()
  if (name === 'refund') await bench.taken(paymentId)
  const event = name === 'refund' ? refundOf(paymentId) : captureOf(paymentId)
  const id = 'refundId' in event ? event.refundId : paymentId
  const amount = name === 'refund' ? 'refund_amount' : 'request_amount'
  await bench.rows(
    `insert into ${name}_request (id, payment_id, merchant_id, version, ${amount}, currency, event, headers,
       source_partition, source_offset) values (?, ?, ?, ?, ?, ?, ?, '{}', 0, 0)`,
    ...[id, paymentId, event.merchantId, 3, event.amount, 'KRW', JSON.stringify(event)],
  )
  return { id, paymentId, key: name === 'refund' ? id : `${paymentId}:capture` }
}

/** Where a request can be cut, and what makes it stand still there. */
const points: readonly [string, Name, (one: Wires) => Promise<void>][] = [
  ['C11 the capture asked for, its answer not given', 'settlement', asked('capture')],
  ['C11b the answer heard, nothing written of it', 'settlement', writing([], 'lost')],
  ['C11c all written, COMMIT not sent', 'settlement', writing(['commit'], 'lost')],
  ['C11d COMMIT sent, its reply lost', 'settlement', writing(['commit'], 'arrives')],
  ['C16 the refund asked for, its answer not given', 'refund', asked('refund')],
  ['C17 all written of a refund, COMMIT not sent', 'refund', writing(['commit'], 'lost')],
]

function asked(call: string) {
  return ({ gateway }: Wires) => gateway.standStill([`post /pg/${call}`], 'arrives')
}

function writing(texts: readonly string[], last: 'arrives' | 'lost') {
  return ({ database }: Wires) => database.standStill(['_request set status', ...texts], last)
}

for (const [point, name, standStill] of points)
  test.serial(`killed at ${point}, money moves once and is reported once`, async (t) => {
    t.timeout(60_000)
    const bench = benches[name]
    await bench.pg.prompt()
    const still = standStill(wires[name])
    const { id, paymentId, key } = await due(name)
    const child = await ownWorker(t, name)
    await still
    await killed(child)
    for (const wire of Object.values(wires[name])) wire.mend()

    const again = await ownWorker(t, name)
    await bench.becomes(id, 'SUCCESS')
    const calls = await bench.callsOf(key)
    t.is(calls.filter((outcome) => outcome === 'approved').length, 1, calls.join())
    t.is((await bench.rows('select id from outbox where `key` = ?', paymentId)).length, 1)
    const topic = name === 'refund' ? refunded : captured
    const reports = () => bench.eventsOf<{ paymentId: string; eventId: string }>(topic, paymentId)
    await until('the report', async () => (await reports()).length > 0)
    t.is(new Set((await reports()).map(({ eventId }) => eventId)).size, 1)
    await killed(again)
  })
