import test from 'ava'
import { request } from 'undici'
import { v7 as uuid } from 'uuid'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { merchant } from '../payment/testing.ts'
import refund from '../refund/service.ts'
import settlement from '../settlement/service.ts'
import { captured, captureRequested, refunded } from '../topics.ts'
import { admin, ledgerAt, ledgerBench, type LedgerBench } from './testing.ts'

type Body = Readonly<Record<string, unknown>>

let all: LedgerBench
let desk: ReturnType<typeof ledgerAt>

test.before(async () => {
  all = await ledgerBench(topology, await testServers('kafka', 'mariadb'))
  desk = ledgerAt((await all.start()).url, await all.pay.bearer(admin))
})
test.after.always(() => all?.stop())

/** A run with what it found. */
async function reconciled(using = desk) {
  await until('events to leave', async () => {
    const text = 'select 1 from outbox where published_at is null and dead_at is null'
    return (await all.rows('payment', text)).length === 0
  })
  // What was written a millisecond ago is in flight here.
  await new Promise((resolve) => setTimeout(resolve, 5))
  const { body: run, status } = await using.post('/reconciliation/runs')
  if (status !== 200) throw new Error(JSON.stringify(run))
  const path = `/reconciliation/runs/${String(run['runId'])}/findings?size=100`
  const wrong = await using.items(path)
  const inFlight = await using.items(`${path}&state=in_flight`)
  const totals = run['totals'] as readonly Body[]
  const totalOf = (currency: string) => totals.find((one) => one['currency'] === currency)
  return { run, wrong, inFlight, totalOf }
}

const differences = async () => {
  const { wrong } = await reconciled()
  return wrong.map(({ subject, id, kinds }) => [subject, id, kinds])
}

test.serial(
  'books, payments and gateway agree on what went its whole way, in each currency',
  async (t) => {
    const paymentId = await all.settled({ amount: 900 })
    await all.settled({ amount: 70, currency: 'EUR' })
    await all.givenBack(paymentId, 200)
    await all.givenBack(paymentId, 300)
    const { run, wrong, inFlight, totalOf } = await reconciled()
    t.deepEqual([...wrong, ...inFlight], [])
    t.like(run, { facts: 4, differences: 0, inFlight: 0 })
    const won = { captured: 900, refunded: 500 }
    t.like(totalOf('KRW'), { books: won, payments: won, gateway: won, difference: 0 })
    const euro = { captured: 70, refunded: 0 }
    t.like(totalOf('EUR'), { books: euro, payments: euro, gateway: euro, difference: 0 })
    t.like((await desk.get('/reconciliation')).body, { runId: run['runId'], differences: 0 })
  },
)

test.serial(
  'what waits for its end is in flight, however long, with its age, and not wrong',
  async (t) => {
    const paymentId = await all.authorised({ amount: 11 })
    await all.rows(
      'payment',
      `update payment set updated_at = now(3) - interval 20 minute where payment_id = ?`,
      paymentId,
    )
    const { run, wrong, inFlight } = await reconciled()
    t.deepEqual(wrong, [])
    t.is(inFlight.length, 1)
    t.like(inFlight[0], { subject: 'capture', id: paymentId, kinds: [], merchantId: merchant })
    t.true(Number(run['oldestInFlightSeconds']) > 1199)
    await all.charge(paymentId, { amount: 11, currency: 'KRW', merchantId: merchant })
    const own = await all.start({ replica: 2, env: { LEDGER_IN_FLIGHT_MS: '600000' } })
    const patient = ledgerAt(own.url, await all.pay.bearer(admin))
    const young = await reconciled(patient)
    t.deepEqual(young.wrong, [])
    t.like(young.inFlight[0], {
      ...{ id: paymentId, gateway: 11, debit: null },
      kinds: ['missing_in_books', 'missing_in_payments'],
    })
    // The same is wrong once it is not young any more.
    t.deepEqual(await differences(), [
      ['capture', paymentId, ['missing_in_books', 'missing_in_payments']],
    ])
    await all.tellCaptured(paymentId, { amount: 11 })
    await all.posted(paymentId)
    await until('agreement', async () => (await differences()).length === 0)
  },
)

/** Breaks something as the server’s administrator, has it named, mends it, and sees that all agree again. */
const broken = test.macro({
  title: (title = '') => title,
  exec: async (
    t,
    breaking: (paymentId: string) => Promise<{
      mend(): Promise<unknown>
      named: readonly unknown[]
      difference: number
    }>,
  ) => {
    const paymentId = await all.settled({ amount: 500, currency: 'JPY' })
    t.deepEqual(await differences(), [])
    const { mend, named, difference } = await breaking(paymentId)
    const { run, wrong, totalOf } = await reconciled()
    t.deepEqual(
      wrong.map(({ subject, id, kinds }) => [subject, id, kinds]),
      [named],
    )
    t.like(run, { differences: 1 })
    t.is(totalOf('JPY')?.['difference'], difference)
    await mend()
    t.deepEqual(await differences(), [])
  },
})

const ledger = (text: string, ...values: unknown[]) => all.rows('ledger', text, ...values)

test.serial('a posting that is deleted is named', broken, async (paymentId) => {
  await ledger('create table taken as select * from ledger_entry where business_id = ?', paymentId)
  await ledger(`delete from ledger_entry where business_id = ? and side = 'credit'`, paymentId)
  const mend = async () => {
    await ledger(`insert into ledger_entry select * from taken where side = 'credit'`)
    await ledger('drop table taken')
  }
  return { mend, named: ['capture', paymentId, ['unbalanced']], difference: 500 }
})

test.serial('both postings deleted: the fact is named as missing', broken, async (paymentId) => {
  await ledger('create table taken as select * from ledger_entry where business_id = ?', paymentId)
  await ledger(`delete from ledger_entry where business_id = ?`, paymentId)
  const mend = async () => {
    await ledger(`insert into ledger_entry select * from taken`)
    await ledger('drop table taken')
  }
  return { mend, named: ['capture', paymentId, ['missing_in_books']], difference: 500 }
})

test.serial('an amount that is changed in one posting is named', broken, async (paymentId) => {
  const set = (amount: number) =>
    ledger(
      `update ledger_entry set amount = ? where business_id = ? and side = 'debit'`,
      ...[amount, paymentId],
    )
  await set(512)
  return { mend: () => set(500), named: ['capture', paymentId, ['unbalanced']], difference: 12 }
})

test.serial('an amount that is changed in both is named', broken, async (paymentId) => {
  const set = (amount: number) =>
    ledger(`update ledger_entry set amount = ? where business_id = ?`, amount, paymentId)
  await set(512)
  return { mend: () => set(500), named: ['capture', paymentId, ['amount']], difference: 12 }
})

test.serial('postings that changed sides are named', broken, async (paymentId) => {
  const swap = () =>
    ledger(
      `update ledger_entry set account = case account when 'cash' then 'merchant_receivable' else 'cash' end
       where business_id = ?`,
      paymentId,
    )
  await swap()
  return { mend: swap, named: ['capture', paymentId, ['unbalanced']], difference: 0 }
})

test.serial('an approval that the gateway never gave is named', broken, async (paymentId) => {
  const key = `${paymentId}:capture`
  const set = (outcome: string) =>
    all.rows('pg_mock', `update call_log set outcome = ? where op_key = ?`, outcome, key)
  await set('failed')
  return {
    mend: () => set('approved'),
    named: ['capture', paymentId, ['missing_in_gateway']],
    difference: 500,
  }
})

test.serial('a charge that was made twice is named', broken, async (paymentId) => {
  const key = `${paymentId}:capture`
  await all.rows(
    'pg_mock',
    `insert into call_log (type, op_key, outcome, amount, currency) values ('capture', ?, 'approved', 500, 'JPY')`,
    key,
  )
  const mend = () =>
    all.rows('pg_mock', `delete from call_log where op_key = ? order by id desc limit 1`, key)
  return { mend, named: ['capture', paymentId, ['amount', 'charged_twice']], difference: 500 }
})

test.serial(
  'a capture that is told of a payment that nobody made is posted, and named',
  broken,
  async () => {
    const stranger = uuid()
    await all.tellCaptured(stranger, { amount: 33, currency: 'JPY' })
    await all.posted(stranger)
    return {
      mend: () => ledger('delete from ledger_entry where business_id = ?', stranger),
      named: ['capture', stranger, ['missing_in_payments', 'missing_in_gateway']],
      difference: 33,
    }
  },
)

test.serial('an event that is put into the outbox by hand is named', broken, async (paymentId) => {
  const id = uuid()
  const [real] = await all.rows<{ payload: string }>(
    'payment',
    'select payload from outbox where topic = ? and `key` = ?',
    ...[captureRequested.name, paymentId],
  )
  const forged = { ...(JSON.parse(real?.payload ?? '') as Body), paymentId: uuid() }
  await all.rows(
    'payment',
    `insert into outbox (id, topic, \`key\`, payload, created_at, published_at) values (?, ?, ?, ?, ?, now())`,
    ...[id, captureRequested.name, forged.paymentId, JSON.stringify(forged), new Date(0)],
  )
  return {
    mend: () => all.rows('payment', 'delete from outbox where id = ?', id),
    named: ['event', id, ['event_unknown']],
    difference: 0,
  }
})

test.serial(
  'an event that waits, and one that says too much, are named',
  broken,
  async (paymentId) => {
    const [real] = await all.rows<{ id: string; payload: string }>(
      'payment',
      'select id, payload from outbox where topic = ? and `key` = ?',
      ...[captureRequested.name, paymentId],
    )
    const { id = '', payload = '' } = real ?? {}
    const set = (text: string, dead: Date | null) =>
      all.rows(
        'payment',
        `update outbox set payload = ?, dead_at = ?, published_at = case when ? is null then now() end where id = ?`,
        ...[text, dead, dead, id],
      )
    await set(payload.replace('"amount":500', '"amount":5000'), new Date())
    return {
      mend: () => set(payload, null),
      named: ['event', id, ['event_differs', 'event_stuck']],
      difference: 0,
    }
  },
)

test.serial(
  'a report that a worker has not sent is named, and when it is lost, what it told',
  async (t) => {
    const unheard = await all.authorised({ amount: 21 })
    await all.charge(unheard, { amount: 21, currency: 'KRW', merchantId: merchant })
    const paid = await all.settled({ amount: 40 })
    const returned = await all.returned(paid, 15)
    const capture = all.captureTold(unheard, { amount: 21 })
    const giving = all.refundTold(paid, returned, { amount: 15 })
    await all.unsent(settlement, captured, capture)
    await all.unsent(refund, refunded, giving)
    const missing = ['missing_in_books', 'missing_in_payments']
    const facts = [
      ['capture', unheard, missing],
      ['refund', returned, missing],
    ]
    const waiting = [capture, giving].map(({ eventId }) => [
      ...['event', eventId],
      ['event_ahead', 'event_stuck'],
    ])
    t.deepEqual(await differences(), [...facts, ...waiting])
    for (const worker of [settlement, refund]) await all.rows(worker.name, 'delete from outbox')
    t.deepEqual(await differences(), facts)
    await all.tellCaptured(unheard, { amount: 21 })
    await all.tellRefunded(paid, returned, { amount: 15 })
    await until('agreement', async () => (await differences()).length === 0)
  },
)

test.serial('runs are kept, latest first, and who is not an administrator sees none', async (t) => {
  const { body } = await desk.get('/reconciliation/runs?size=2')
  const items = body['items'] as readonly Body[]
  t.is(items.length, 2)
  t.true(Number(items[0]?.['runId']) > Number(items[1]?.['runId']))
  const next = await desk.items(`/reconciliation/runs?size=1&before=${String(body['next'])}`)
  t.true(Number(next[0]?.['runId']) < Number(items[1]?.['runId']))
  t.is((await desk.get('/reconciliation/runs/999999/findings')).status, 404)
})

test.serial(
  'it is compared again and again, by one replica each time, and all show it',
  async (t) => {
    const paymentId = await all.settled({ amount: 500, currency: 'JPY' })
    const set = (amount: number) =>
      ledger(
        `update ledger_entry set amount = ? where business_id = ? and side = 'debit'`,
        ...[amount, paymentId],
      )
    await set(512)
    const everyMs = 200
    const env = { LEDGER_RECONCILE_EVERY_MS: String(everyMs) }
    const replicas = [await all.start({ replica: 3, env }), await all.start({ replica: 4, env })]
    await ledger('update reconciliation_clock set due_at = now(3)')
    const began = performance.now()
    const shows = async ({ admin: url }: { admin: string }, ...lines: readonly string[]) => {
      const text = await (await request(`${url}/metrics`)).body.text()
      return lines.every((line) => text.includes(`\n${line}\n`))
    }
    for (const replica of replicas)
      await until('the difference', () =>
        shows(
          replica,
          'reconciliation_difference_minor{currency="JPY"} 12',
          'reconciliation_differences{kind="unbalanced"} 1',
          'reconciliation_differences{kind="amount"} 0',
        ),
      )
    await set(500)
    for (const replica of replicas)
      await until('agreement', () =>
        shows(
          replica,
          'reconciliation_difference_minor{currency="JPY"} 0',
          'reconciliation_differences{kind="unbalanced"} 0',
        ),
      )
    const [{ count } = { count: 0 }] = await all.rows<{ count: number }>(
      'ledger',
      `select count(*) as count from reconciliation where cause = 'timer'`,
    )
    // One more at the start of the first replica.
    t.true(Number(count) <= (performance.now() - began) / everyMs + 2, String(count))
  },
)

test.serial(
  'while nothing can be compared the books are written and read, and it says so',
  async (t) => {
    const own = await all.start({ replica: 5, env: { MARIADB_PAYMENT_PORT: '1' } })
    const lonely = ledgerAt(own.url, await all.pay.bearer(admin))
    t.like(await lonely.post('/reconciliation/runs'), {
      status: 503,
      body: { code: 'DATABASE_UNAVAILABLE' },
    })
    t.is((await lonely.get('/ledger/accounts')).status, 200)
    const ready = await request(`${own.admin}/readyz`)
    t.is(ready.statusCode, 200)
    const { checks } = (await ready.body.json()) as { checks: Readonly<Record<string, string>> }
    t.not(checks['mariadb payment'], 'ok')
    t.is(checks['mariadb ledger'], 'ok')
  },
)
