import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import ledger from '../ledger/service.ts'
import { start as startLedger } from '../ledger/start.ts'
import { admin, ledgerAt } from '../ledger/testing.ts'
import refund from '../refund/service.ts'
import { start as startRefund } from '../refund/start.ts'
import settlement from '../settlement/service.ts'
import { start as startSettlement } from '../settlement/start.ts'
import {
  merchantAt,
  order,
  patient,
  paymentBench,
  writer,
  type Merchant,
  type PaymentBench,
} from './testing.ts'

type Body = Record<string, unknown>

let all: PaymentBench
/** Two replicas. */
let one: Merchant
let two: Merchant
let desk: ReturnType<typeof ledgerAt>

test.before(async () => {
  all = await paymentBench(topology, await testServers('kafka', 'mariadb', 'redis'))
  const { place } = all
  const hurried = { SETTLEMENT_LOOK_EVERY_MS: '20', REFUND_LOOK_EVERY_MS: '20' }
  await place.start(settlement, startSettlement, { env: hurried })
  await place.start(refund, startRefund, { env: hurried })
  one = await replica(1)
  two = await replica(2)
  const env = { LEDGER_IN_FLIGHT_MS: '1', LEDGER_RECONCILE_EVERY_MS: '3600000' }
  const books = await place.start(ledger, startLedger, { env })
  desk = ledgerAt(books.url, await all.bearer(admin))
})
test.beforeEach(() => all.pg.prompt())
test.after.always(() => all?.stop())

const replica = async (number: number, env: Record<string, string> = {}): Promise<Merchant> => {
  const { url } = await all.start({ replica: number, env: { ...patient, ...env } })
  return merchantAt(url, await all.bearer(writer))
}

const authorised = async (shop: Merchant, key: string, rest: Body = {}): Promise<string> => {
  const { body, text } = await shop.authorize(order(key, rest))
  if (typeof body['paymentId'] !== 'string') throw new Error(text)
  return body['paymentId']
}
const held = (shop: Merchant, key: string) => authorised(shop, key, { capture: 'manual' })

const paymentOf = async (paymentId: string): Promise<Body> =>
  (await one.get(`/payments/${paymentId}`)).body
const becomes = (paymentId: string, ...wanted: readonly string[]) =>
  until(`${paymentId} to be ${wanted.join(' or ')}`, async () =>
    wanted.includes(String((await paymentOf(paymentId))['status'])),
  )

interface Answer {
  readonly status: number
  readonly text: string
}

/** Asks again and again until the answer is good. */
async function insisting<A extends Answer>(ask: () => Promise<A>, isGood: (answer: A) => boolean) {
  const end = performance.now() + 20_000
  for (;;) {
    const answer = await ask()
    if (isGood(answer)) return answer
    if (performance.now() > end) throw new Error(`for 20 s: ${answer.text}`)
    await pause(10)
  }
}

/** Whatever had no turn is asked for again: nothing was done. */
const served = <A extends Answer>(ask: () => Promise<A>) =>
  insisting(ask, ({ status }) => status !== 503)

/** How often the gateway took the money, and how often it let go of it. */
async function movesOf(paymentId: string) {
  const log = (await all.pg.calls()).filter(({ key }) => key.startsWith(paymentId))
  const count = (type: string, outcome: string) =>
    log.filter((call) => call.type === type && call.outcome === outcome).length
  return { taken: count('capture', 'approved'), let_go: count('void', 'voided') }
}

/** Books, payments and the gateway say the same of everything, and nothing is on its way. */
const agreed = () =>
  until('books, payments and gateway to agree', async () => {
    const { body } = await desk.post('/reconciliation/runs')
    return body['differences'] === 0 && body['inFlight'] === 0
  })

test.serial(
  'of a hundred refunds of 30 at once of a payment of 100 three are given back',
  async (t) => {
    const paymentId = await authorised(one, 'hundred', { amount: 100 })
    await becomes(paymentId, 'CAPTURED')
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => {
        const key = { 'idempotency-key': `part-${n}` }
        return served(() => (n % 2 ? one : two).refund(paymentId, { amount: 30 }, key))
      }),
    )
    const given = answers.filter(({ status }) => status === 200)
    t.is(given.length, 3)
    for (const { status, body } of answers.filter((answer) => !given.includes(answer))) {
      t.is(status, 422)
      t.like(body, { code: 'REFUND_EXCEEDS', left: 10 })
    }
    await until('90 to be back', async () => (await paymentOf(paymentId))['refunded'] === 90)
    t.like(await paymentOf(paymentId), { status: 'PARTIAL_REFUNDED', refundReserved: 90 })
    const approved = (await all.pg.calls()).filter(
      ({ type, outcome }) => type === 'refund' && outcome === 'approved',
    )
    t.deepEqual(
      approved.map(({ key, amount }) => [key, amount]).sort(),
      given.map(({ body }) => [body['refundId'], 30]).sort(),
    )
    await agreed()
    const entries = await desk.items(`/ledger/entries?paymentId=${paymentId}`)
    t.is(entries.filter(({ type }) => type === 'refund').length, 6)
  },
)

test.serial(
  'captures and voids at once over two replicas: one kind wins, and moves the money once',
  async (t) => {
    await all.pg.behave('void', { delayMinMs: 0, delayMaxMs: 30 })
    const rounds = Array.from({ length: 20 }, async (_, n) => {
      const paymentId = await served(() =>
        one.authorize(order(`cv-${n}`, { capture: 'manual' })),
      ).then(({ body }) => String(body['paymentId']))
      const [captures, voids] = await Promise.all([
        Promise.all([one, two].map((shop) => served(() => shop.capture(paymentId)))),
        Promise.all([two, one].map((shop) => served(() => shop.void(paymentId)))),
      ])
      await becomes(paymentId, 'CAPTURED', 'VOIDED')
      const isVoided = (await paymentOf(paymentId))['status'] === 'VOIDED'
      const refused = (isVoided ? captures : voids).map(({ status }) => status)
      t.deepEqual(refused, [409, 409], paymentId)
      t.true((isVoided ? voids : captures).every(({ status }) => status === 200 || status === 202))
      t.deepEqual(
        await movesOf(paymentId),
        isVoided ? { taken: 0, let_go: 1 } : { taken: 1, let_go: 0 },
      )
      return isVoided
    })
    const voided = (await Promise.all(rounds)).filter(Boolean).length
    t.log(`${voided} of ${rounds.length} were voided`)
    await agreed()
  },
)

test.serial('a refund that races the capture waits for it, and gives back once', async (t) => {
  await all.pg.behave('capture', { delayMinMs: 0, delayMaxMs: 200 })
  const rounds = Array.from({ length: 10 }, async (_, n) => {
    const paymentId = await held(n % 2 ? one : two, `rc-${n}`)
    const insist = async (shop: Merchant) => {
      const { text } = await insisting(
        () => shop.refund(paymentId),
        ({ status, body }) => {
          if (status === 409) t.is(body['code'], 'REFUND_CONFLICT')
          return status === 200
        },
      )
      return text
    }
    const [, ...texts] = await Promise.all([
      served(() => one.capture(paymentId)),
      ...[one, two, one, two].map(insist),
    ])
    t.is(new Set(texts).size, 1)
    await becomes(paymentId, 'REFUNDED')
    const { refundId } = JSON.parse(String(texts[0])) as { refundId: string }
    const moves = (await all.pg.calls())
      .filter(({ key }) => key === `${paymentId}:capture` || key === refundId)
      .map(({ type, outcome }) => `${type} ${outcome}`)
    t.deepEqual(moves, ['capture approved', 'refund approved'])
  })
  await Promise.all(rounds)
  await agreed()
})

test.serial('what is captured by itself cannot be voided, from its first moment on', async (t) => {
  await all.pg.behave('authorize', { delayMinMs: 50, delayMaxMs: 150 })
  const rounds = Array.from({ length: 5 }, async (_, n) => {
    const key = `auto-${n}`
    const answer = authorised(one, key)
    await until('the reservation', async () => (await all.paymentUnder(key)) !== undefined)
    const paymentId = String((await all.paymentUnder(key))?.['payment_id'])
    const end = { isReached: false }
    const voids = (async () => {
      while (!end.isReached) {
        t.is((await served(() => two.void(paymentId))).status, 409)
        await pause(5)
      }
    })()
    t.is(await answer, paymentId)
    await becomes(paymentId, 'CAPTURED').finally(() => (end.isReached = true))
    await voids
    t.deepEqual(await movesOf(paymentId), { taken: 1, let_go: 0 })
  })
  await Promise.all(rounds)
  await agreed()
})

test.serial('a capture in the moment in which a hold ends by itself: one of the two', async (t) => {
  const afterMs = 200
  const soon = await replica(3, { PAYMENT_VOID_AFTER_MS: String(afterMs) })
  const rounds = Array.from({ length: 20 }, async (_, n) => {
    const paymentId = await held(soon, `end-${n}`)
    // Every lookEveryMs of them a resolver looks.
    await pause(afterMs - 50 + n * 10)
    const { status } = await served(() => (n % 2 ? one : two).capture(paymentId))
    await becomes(paymentId, 'CAPTURED', 'VOIDED')
    const isVoided = (await paymentOf(paymentId))['status'] === 'VOIDED'
    t.is(status === 409, isVoided)
    t.deepEqual(
      await movesOf(paymentId),
      isVoided ? { taken: 0, let_go: 1 } : { taken: 1, let_go: 0 },
    )
    return isVoided
  })
  const voided = (await Promise.all(rounds)).filter(Boolean).length
  t.log(`${voided} of ${rounds.length} were voided`)
  await agreed()
})
