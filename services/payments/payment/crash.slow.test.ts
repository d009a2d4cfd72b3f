import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess } from '../../kit/testing/own-process.ts'
import { startProxy, type Proxy } from '../../kit/testing/proxy.ts'
import { topology } from '../../topology.ts'
import { authorized, captureRequested } from '../topics.ts'
import service from './service.ts'
import { hasty, merchantAt, order, paymentBench, writer, type PaymentBench } from './testing.ts'

let all: PaymentBench
let wires: { readonly gateway: Proxy; readonly database: Proxy; readonly redis: Proxy }

test.before(async () => {
  const tested = await testServers('kafka', 'mariadb', 'redis')
  all = await paymentBench(topology, tested)
  const { mariadb, redis } = tested.servers
  wires = {
    gateway: await startProxy(Number(new URL(all.gatewayUrl).port)),
    database: await startProxy(mariadb?.port ?? 0),
    redis: await startProxy(redis?.port ?? 0),
  }
})

test.after.always(async () => {
  for (const wire of Object.values(wires ?? {})) await wire.close()
  await all?.stop()
})

/** The API as users run it, with a wire to each of its neighbours. */
async function ownPayment(t: ExecutionContext) {
  const env = await all.place.environment(service)
  const child = await ownProcess(service, {
    ...env,
    ...hasty,
    SERVICE_PG_MOCK_URL: `http://127.0.0.1:${wires.gateway.port}`,
    MARIADB_PAYMENT_PORT: String(wires.database.port),
    REDIS_PAYMENT_PORT: String(wires.redis.port),
  })
  t.teardown(() => child.kill('SIGKILL'))
  return { child, shop: merchantAt(child.url, await all.bearer(writer)) }
}

/** Where an authorisation can be cut, and what makes it stand still there. */
const points: Readonly<Record<string, () => Promise<void>>> = {
  'C1 reserved, the gateway not asked': () =>
    wires.gateway.standStill(['post /pg/authorize'], 'lost'),
  'C2 the gateway asked, its answer not given': () =>
    wires.gateway.standStill(['post /pg/authorize'], 'arrives'),
  'C3 the answer heard, nothing written of it': () =>
    wires.database.standStill(['update payment set status'], 'lost'),
  'C3b all written, COMMIT not sent': () =>
    wires.database.standStill(['insert into idem_response_cache', 'commit'], 'lost'),
  'C4 COMMIT sent, its reply lost': () =>
    wires.database.standStill(['insert into idem_response_cache', 'commit'], 'arrives'),
  'C5 committed, the client not answered': () => wires.redis.standStill(['requesthash'], 'lost'),
}

const trials = 3

for (const [point, standStill] of Object.entries(points))
  test.serial(`killed at ${point}, a payment is charged once or not at all`, async (t) => {
    t.timeout(120_000)
    for (let trial = 0; trial < trials; trial += 1) {
      const key = `${point.slice(0, 3).trim()}-${trial}`
      const { child, shop } = await ownPayment(t)
      const still = standStill()
      const first = shop.authorize(order(key)).catch(() => undefined)
      await still
      await killed(child)
      t.is(await first, undefined, 'nobody was told anything')
      for (const wire of Object.values(wires)) wire.mend()

      const again = await ownPayment(t)
      const final = await again.shop.insist(order(key))
      const repeated = await again.shop.authorize(order(key))
      t.is(repeated.text, final.text)
      const { held, voided } = await all.chargesOf(final.body['paymentId'])
      t.is(
        held - voided,
        final.status === 200 ? 1 : 0,
        `${final.status}: ${held} held, ${voided} voided`,
      )
      await isWhole(t, key, final)
      await killed(again.child)
    }
  })

/** State, history and events say one thing, once. */
async function isWhole(
  t: ExecutionContext,
  key: string,
  final: { status: number; body: Record<string, unknown> },
) {
  const [payment, ...others] = await all.rows<Record<string, unknown>>(
    'select * from payment where idempotency_key = ?',
    key,
  )
  t.is(others.length, 0)
  const isPaid = final.status === 200
  t.is(payment?.['status'], isPaid ? 'CAPTURE_REQUESTED' : 'AUTH_FAILED')
  t.is(payment?.['pending_call'], null)
  const history = await all.rows<{ status: string }>(
    'select status from payment_history where payment_id = ? order by version',
    payment?.['payment_id'],
  )
  t.deepEqual(
    history.map(({ status }) => status),
    isPaid ? ['AUTHORIZED', 'CAPTURE_REQUESTED'] : ['AUTH_FAILED'],
  )
  t.deepEqual(
    await all.writtenOf(payment?.['payment_id']),
    isPaid ? [authorized.name, captureRequested.name] : [],
  )
}
