import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { authorized, captureRequested } from '../topics.ts'
import { merchantAt, order, paymentBench, writer, type PaymentBench } from './testing.ts'

let all: PaymentBench

test.before(async () => {
  all = await paymentBench(topology, await testServers('kafka', 'mariadb', 'redis'))
})
test.beforeEach(() => all.pg.prompt())
test.after.always(() => all?.stop())

/** An API of the test’s own: its breaker has heard nothing, and nobody else looks after its payments. */
async function started(t: ExecutionContext, env: Record<string, string> = {}) {
  const running = await all.start({ env })
  t.teardown(() => running.stop())
  const shop = merchantAt(running.url, await all.bearer(writer))
  const metrics = async () => (await fetch(`${running.admin}/metrics`)).text()
  // Connections and statements are there before times are short.
  await shop.insist(order(`first-${randomUUID()}`))
  return Object.assign(shop, { metrics })
}

const statusOf = async (key: string) => (await all.paymentUnder(key))?.['status']
const settled = (key: string, status: string) =>
  until(`${key} to be ${status}`, async () => (await statusOf(key)) === status, 15_000)

test.serial('what the gateway does not answer is 202, and found out: approved', async (t) => {
  const shop = await started(t)
  await all.pg.behave('authorize', { connection: 'silent-after' })
  const answer = await shop.authorize(order('u1'))
  t.is(answer.status, 202, answer.text)
  t.is(String(answer.headers['location']), String(answer.body['paymentId']))
  t.regex(String(answer.headers['retry-after']), /^[1-9]\d*$/)
  t.is(answer.body['status'], 'READY')
  const place = new URL(String(answer.headers['location']), 'http://shop/api/payments/authorize')
  t.is(place.pathname, `/api/payments/${String(answer.body['paymentId'])}`)
  await settled('u1', 'CAPTURE_REQUESTED')
  const final = await shop.authorize(order('u1'))
  t.is(final.status, 200)
  t.like(await all.chargesOf(final.body['paymentId']), { held: 1, voided: 0 })
  const told = () => all.eventsOf(authorized, final.body['paymentId'])
  await until('the event', async () => (await told()).length > 0)
  t.deepEqual(await all.writtenOf(final.body['paymentId']), [
    authorized.name,
    captureRequested.name,
  ])
})

test.serial(
  'what never reached the gateway is voided there before it is given up here',
  async (t) => {
    const shop = await started(t)
    for (const connection of ['silent-before', 'reset-before'] as const) {
      await all.pg.behave('authorize', { connection })
      const answer = await shop.authorize(order(connection))
      t.is(answer.status, 202, answer.text)
      await settled(connection, 'AUTH_FAILED')
      await all.pg.prompt()
      const final = await shop.authorize(order(connection))
      t.like(final, { status: 402, body: { reason: 'UNKNOWN_VOIDED' } })
      t.like(await all.chargesOf(answer.body['paymentId']), { held: 0, voided: 0, tombstones: 1 })
      t.deepEqual(await all.writtenOf(answer.body['paymentId']), [])
    }
  },
)

test.serial('without the gateway’s acknowledgement of the void nothing is given up', async (t) => {
  const shop = await started(t)
  await all.pg.behave('authorize', { connection: 'reset-before' })
  await all.pg.behave('void', { failureRate: 1 })
  const { body } = await shop.authorize(order('u3'))
  const tried = async () =>
    (await all.pg.calls()).filter(
      ({ type, key }) => type === 'void' && key === `${String(body['paymentId'])}:auth`,
    ).length
  await until('two voids', async () => (await tried()) >= 2, 15_000)
  t.is(await statusOf('u3'), 'READY')
  await all.pg.behave('authorize', { connection: 'answers' })
  const again = await shop.authorize(order('u3'))
  t.is(again.status, 202, 'what is to be voided is not authorised any more')
  t.regex(await shop.metrics(), /payment_pending 1/)
  await all.pg.prompt()
  await settled('u3', 'AUTH_FAILED')
  t.like(await all.chargesOf(body['paymentId']), { held: 0, tombstones: 1 })
  await until('the gauge', async () => /payment_pending 0/.test(await shop.metrics()))
})

test.serial('an approval that is heard of too late is voided', async (t) => {
  const late = await started(t, { PAYMENT_APPROVED_WITHIN_MS: '1' })
  await all.pg.behave('authorize', { connection: 'reset-after' })
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, n) => late.authorize(order(`late-${n}`))),
  )
  t.true(answers.every(({ status }) => status === 202))
  for (const [n, { body }] of answers.entries()) {
    await settled(`late-${n}`, 'AUTH_FAILED')
    t.like(await all.chargesOf(body['paymentId']), { held: 1, voided: 1 })
  }
})

test.serial('a retry takes over what has no result, and asks under the same key', async (t) => {
  const shop = await started(t)
  await all.pg.behave('authorize', { connection: 'silent-after' })
  await all.pg.behave('query', { failureRate: 0, connection: 'reset-before' })
  t.is((await shop.authorize(order('u5'))).status, 202)
  await all.pg.behave('authorize', { connection: 'answers' })
  const again = await shop.insist(order('u5'))
  t.is(again.status, 200, again.text)
  const log = (await all.pg.calls()).filter(
    ({ key }) => key === `${String(again.body['paymentId'])}:auth`,
  )
  t.deepEqual(
    log.map(({ outcome }) => outcome),
    ['approved', 'replayed'],
  )
  t.true(Number((await all.paymentUnder('u5'))?.['attempt']) > 1)
})

test.serial('retries and resolver at once agree on one end', async (t) => {
  const shop = await started(t)
  await all.pg.behave('authorize', { connection: 'reset-after', delayMinMs: 0, delayMaxMs: 100 })
  await all.pg.behave('query', { delayMinMs: 0, delayMaxMs: 200 })
  const keys = Array.from({ length: 20 }, (_, n) => `race-${n}`)
  for (const key of keys) await shop.authorize(order(key))
  await all.pg.behave('authorize', { connection: 'answers' })
  const finals = await Promise.all(
    keys.flatMap((key) => [shop.insist(order(key)), shop.insist(order(key))]),
  )
  for (const [n, key] of keys.entries()) {
    const [one, other] = [finals[2 * n], finals[2 * n + 1]]
    t.is(one?.text, other?.text)
    const { held, voided } = await all.chargesOf(one?.body['paymentId'])
    t.is(held - voided, one?.status === 200 ? 1 : 0, key)
    t.is(await statusOf(key), one?.status === 200 ? 'CAPTURE_REQUESTED' : 'AUTH_FAILED')
    const asked = await all.rows(
      "select 1 from payment_history join payment using (payment_id) where idempotency_key = ? and payment_history.status = 'AUTHORIZED'",
      key,
    )
    t.is(asked.length, one?.status === 200 ? 1 : 0)
  }
})

test.serial('an answer that comes after somebody else took over changes nothing', async (t) => {
  const shop = await started(t, { PAYMENT_GATEWAY_TIMEOUT_MS: '3000' })
  await all.pg.behave('authorize', { delayMinMs: 500, delayMaxMs: 500 })
  const first = shop.authorize(order('u7'))
  await until('the reservation', async () => (await statusOf('u7')) === 'READY')
  await all.rows("update payment set lease_until = null where idempotency_key = 'u7'")
  const second = await shop.authorize(order('u7'))
  t.is(second.status, 200, second.text)
  const late = await first
  t.true([200, 202].includes(late.status), late.text)
  if (late.status === 200) t.is(late.text, second.text)
  t.like(await all.chargesOf(second.body['paymentId']), { held: 1, voided: 0 })
  t.is((await all.rows("select 1 from idem_response_cache where idempotency_key = 'u7'")).length, 1)
  t.like(await all.paymentUnder('u7'), { attempt: 2, version: 3 })
})

test.serial('an approval that comes after a void was decided changes nothing', async (t) => {
  const shop = await started(t, { PAYMENT_GATEWAY_TIMEOUT_MS: '2000' })
  await all.pg.behave('authorize', { delayMinMs: 600, delayMaxMs: 600 })
  await all.pg.behave('void', { failureRate: 1 })
  const first = shop.authorize(order('u8'))
  await until('the reservation', async () => (await statusOf('u8')) === 'READY')
  await all.rows(
    "update payment set lease_until = null, resolve_after = now(3) where idempotency_key = 'u8'",
  )
  t.is((await first).status, 202)
  t.like(await all.paymentUnder('u8'), { status: 'READY', pending_call: 'void' })
  const { body } = await first
  t.like(await all.chargesOf(body['paymentId']), { held: 1, voided: 0 })
  await all.pg.prompt()
  await all.rows(
    "update payment set lease_until = null, resolve_after = now(3) where idempotency_key = 'u8'",
  )
  await settled('u8', 'AUTH_FAILED')
  t.like(await all.chargesOf(body['paymentId']), { held: 1, voided: 1 })
  t.deepEqual(await all.writtenOf(body['paymentId']), [])
})

test.serial('a gateway that fails is left alone: 503, no row, no key burnt', async (t) => {
  const own = await started(t, { PAYMENT_BREAKER_OPEN_MS: '1500' })
  const known = await own.authorize(order('b0'))
  await all.pg.behave('authorize', { failureRate: 1 })
  for (let n = 0; n < 12; n += 1) await own.authorize(order(`b-${n}`))
  const refused = await own.authorize(order('b-refused'))
  t.like(refused, { status: 503, body: { code: 'BREAKER_OPEN' } })
  t.regex(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  t.is(await all.paymentUnder('b-refused'), undefined)
  await all.forgetRedis()
  t.is((await own.authorize(order('b0'))).text, known.text, 'what is known is answered')
  await all.pg.prompt()
  const end = performance.now() + 10_000
  let answer = refused
  while (answer.status === 503 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    answer = await own.authorize(order('b-refused'))
  }
  t.is(answer.status, 200, answer.text)
})

test.serial('looking after payments does not hide that none can be authorised', async (t) => {
  const own = await started(t)
  for (let n = 0; n < 15; n += 1) await own.authorize(order(`h-well-${n}`))
  await all.pg.behave('authorize', { failureRate: 1 })
  const statuses: number[] = []
  for (let n = 0; n < 60 && statuses.at(-1) !== 503; n += 1) {
    statuses.push((await own.authorize(order(`h-${n}`))).status)
    // Slow enough for each to be looked after, which the gateway answers well.
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  t.is(statuses.at(-1), 503, `${statuses.length} failed authorisations opened nothing`)
  t.regex(
    await own.metrics(),
    /payment_resolved_total\{outcome="declined"\} [1-9]|payment_resolved_total\{outcome="voided"\} [1-9]/,
  )
  await settled('h-0', 'AUTH_FAILED')
})
