import test from 'ava'
import { v7 as uuid } from 'uuid'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { recordsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { readPayments } from '../scopes.ts'
import { settlementClosed } from '../topics.ts'
import { admin, ledgerAt, ledgerBench, type LedgerBench } from './testing.ts'

let all: LedgerBench
/** What the services take for the time. */
let now = Date.parse('2026-01-05T12:00:00Z')

test.before(async () => {
  all = await ledgerBench(topology, await testServers('kafka', 'mariadb'))
  for (const replica of [1, 2])
    await all.start({
      replica,
      env: { LEDGER_CLOSE_EVERY_MS: '20' },
      overrides: { clock: () => now },
    })
})
test.after.always(() => all?.stop())

type Row = Readonly<Record<string, unknown>>

const batches = (date: string): Promise<Row[]> =>
  all.rows(
    'ledger',
    `select merchant_id, currency, captured, refunded, net, postings, batch_id from settlement_batch
     where business_date = ? order by merchant_id, currency`,
    date,
  )
const shownOf = async (date: string) =>
  (await batches(date)).map(({ merchant_id, currency, captured, refunded, net, postings }) => [
    ...[merchant_id, currency],
    ...[captured, refunded, net, postings].map(Number),
  ])
const closed = (date: string) =>
  until(`${date} to be closed`, async () => {
    const text = 'select 1 from closed_day where business_date = ?'
    return (await all.rows('ledger', text, date)).length === 1
  })

/** Moves what was posted now, and is in no batch, to another time. */
const postedAt = (at: string) =>
  all.rows('ledger', 'update inclusion set posted_at = ? where batch_id is null', new Date(at))

async function captured(merchantId: string, amount: number, currency = 'KRW'): Promise<string> {
  const paymentId = uuid()
  await all.tellCaptured(paymentId, { merchantId, amount, currency })
  await all.posted(paymentId)
  return paymentId
}

async function refunded(merchantId: string, paymentId: string, amount: number): Promise<void> {
  const refundId = uuid()
  await all.tellRefunded(paymentId, refundId, { merchantId, amount })
  await all.posted(refundId)
}

test.serial(
  'a day in Seoul is closed when it is over: by merchant and currency, the net may be negative',
  async (t) => {
    const paymentId = await captured('M-1', 1000)
    await refunded('M-1', paymentId, 300)
    await captured('M-1', 20, 'USD')
    await refunded('M-2', uuid(), 200)
    await postedAt('2026-01-05T14:59:59.999Z')
    await captured('M-3', 5)
    await all.rows(
      'ledger',
      `update inclusion set posted_at = ? where merchant_id = 'M-3'`,
      new Date('2026-01-05T15:00:00Z'),
    )
    now = Date.parse('2026-01-05T14:59:59.999Z')
    await new Promise((resolve) => setTimeout(resolve, 200))
    t.deepEqual(await batches('2026-01-05'), [])
    now = Date.parse('2026-01-05T15:00:00Z')
    await closed('2026-01-05')
    t.deepEqual(await shownOf('2026-01-05'), [
      ['M-1', 'KRW', 1000, 300, 700, 4],
      ['M-1', 'USD', 20, 0, 20, 2],
      ['M-2', 'KRW', 0, 200, -200, 2],
    ])
  },
)

test.serial(
  'what comes late is in the next batch, and a day that was closed stays as it is',
  async (t) => {
    const before = await batches('2026-01-05')
    await captured('M-1', 7)
    await postedAt('2026-01-05T10:00:00Z')
    // Closing is tried all the time; three days pass, of which two have nothing.
    now = Date.parse('2026-01-08T16:00:00Z')
    await closed('2026-01-08')
    t.deepEqual(await batches('2026-01-05'), before)
    t.deepEqual(await shownOf('2026-01-06'), [
      ['M-1', 'KRW', 7, 0, 7, 2],
      ['M-3', 'KRW', 5, 0, 5, 2],
    ])
    t.deepEqual(await batches('2026-01-07'), [])
  },
)

test.serial(
  'two replicas that close the same day make each batch once, and each posting is in one',
  async (t) => {
    const merchants = Array.from({ length: 25 }, (_, at) => `C-${at}`)
    await Promise.all(merchants.flatMap((name) => [captured(name, 3), captured(name, 4)]))
    await postedAt('2026-01-09T01:00:00Z')
    now = Date.parse('2026-01-09T15:00:01Z')
    await closed('2026-01-09')
    const made = await shownOf('2026-01-09')
    t.is(made.length, merchants.length)
    for (const one of made) t.deepEqual(one.slice(1), ['KRW', 7, 0, 7, 4])
    const [row] = await all.rows<Row>(
      'ledger',
      `select (select count(*) from ledger_entry) as entries, (select count(*) from inclusion) as inclusions,
       (select count(*) from inclusion where batch_id is null) as open,
       (select sum(postings) from settlement_batch) as postings`,
    )
    t.is(Number(row?.['open']), 0)
    t.is(Number(row?.['entries']), Number(row?.['inclusions']))
    t.is(Number(row?.['entries']), Number(row?.['postings']))
  },
)

test.serial('each batch is told once', async (t) => {
  const [{ count } = { count: 0 }] = await all.rows<{ count: number }>(
    'ledger',
    'select count(*) as count from settlement_batch',
  )
  const told = () => recordsOf(all.pay.shelf, settlementClosed)
  await until('all batches', async () => (await told()).length >= Number(count))
  const records = await told()
  t.is(new Set(records.map(({ value }) => value.batchId)).size, Number(count))
  t.is(records.length, Number(count))
  const one = records.find(({ value }) => value.merchantId === 'M-2')
  t.is(one?.key, 'M-2')
  t.like(one?.value, {
    businessDate: '2026-01-05',
    captured: 0,
    refunded: 200,
    net: -200,
    postings: 2,
  })
})

test.serial('a merchant sees its batches, an administrator all', async (t) => {
  const { url } = await all.start({ replica: 3 })
  const theirs = ledgerAt(url, await all.pay.bearer([readPayments], 'M-1'))
  const { body } = await theirs.get('/ledger/batches?size=2')
  const items = body['items'] as readonly Row[]
  t.deepEqual(
    items.map(({ businessDate, currency, net }) => [businessDate, currency, net]),
    [
      ['2026-01-06', 'KRW', 7],
      ['2026-01-05', 'USD', 20],
    ],
  )
  const rest = await theirs.items(`/ledger/batches?before=${String(body['next'])}`)
  t.deepEqual(
    rest.map(({ currency, net }) => [currency, net]),
    [['KRW', 700]],
  )
  const everybody = ledgerAt(url, await all.pay.bearer(admin))
  t.is((await everybody.items('/ledger/batches?date=2026-01-05')).length, 3)
  t.is((await theirs.get('/ledger/batches?merchantId=M-2')).status, 403)
  t.is((await theirs.get('/ledger/batches?date=2026-1-5')).status, 400)
})
