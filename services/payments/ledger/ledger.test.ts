import test from 'ava'
import { createConnection } from 'mariadb'
import { v7 as uuid } from 'uuid'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { textsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { merchant } from '../payment/testing.ts'
import { adminPayments, anyMerchant, readPayments } from '../scopes.ts'
import { captured } from '../topics.ts'
import { admin, ledgerAt, ledgerBench, type LedgerBench } from './testing.ts'

let all: LedgerBench
let url: string
let servers: Awaited<ReturnType<typeof testServers>>

test.before(async () => {
  servers = await testServers('kafka', 'mariadb')
  all = await ledgerBench(topology, servers)
  url = (await all.start()).url
})
test.after.always(() => all?.stop())

const reader = async (...[scopes, merchantId]: Parameters<LedgerBench['pay']['bearer']>) =>
  ledgerAt(url, await all.pay.bearer(scopes, merchantId))

test.serial(
  'a capture is a debit of the receivable and a credit of cash, a refund the reverse',
  async (t) => {
    const [paymentId, refundId] = [uuid(), uuid()]
    await all.tellCaptured(paymentId, { amount: 900, currency: 'EUR' })
    await all.tellRefunded(paymentId, refundId, { amount: 200, currency: 'EUR' })
    await all.posted(paymentId)
    await all.posted(refundId)
    const items = await (await reader(admin)).items(`/ledger/entries?paymentId=${paymentId}`)
    const money = { paymentId, merchantId: merchant, currency: 'EUR' }
    const of = (businessId: string) =>
      items
        .filter((one) => one['businessId'] === businessId)
        .map(({ side, account, amount }) => [side, account, amount])
    t.deepEqual(of(paymentId), [
      ['debit', 'merchant_receivable', 900],
      ['credit', 'cash', 900],
    ])
    t.deepEqual(of(refundId), [
      ['debit', 'cash', 200],
      ['credit', 'merchant_receivable', 200],
    ])
    for (const one of items) t.like(one, money)
  },
)

test.serial(
  'a fact is posted once, however often and under however many event ids it is told',
  async (t) => {
    const [paymentId, eventId] = [uuid(), uuid()]
    for (let n = 0; n < 3; n += 1) await all.tellCaptured(paymentId, { eventId })
    for (let n = 0; n < 3; n += 1) await all.tellCaptured(paymentId)
    await all.pay.place.drained()
    t.is((await all.entriesOf(paymentId)).length, 2)
  },
)

test.serial('two replicas and a flood of repetitions post each fact once', async (t) => {
  await all.start({ replica: 2 })
  const ids = Array.from({ length: 40 }, () => uuid())
  const told = ids.flatMap((id) => [id, id, id])
  await Promise.all(told.map((id) => all.tellCaptured(id, { currency: 'JPY', amount: 7 })))
  for (const id of ids) await all.posted(id)
  await all.pay.place.drained()
  const [row] = await all.rows<{ count: bigint }>(
    'ledger',
    `select count(*) as count from ledger_entry where currency = 'JPY'`,
  )
  t.is(Number(row?.count), 2 * ids.length)
})

test.serial(
  'an event that contradicts the books is a dead letter, and the next is posted',
  async (t) => {
    const [paymentId, next] = [uuid(), uuid()]
    await all.tellCaptured(paymentId, { amount: 5 })
    await all.posted(paymentId)
    await all.tellCaptured(paymentId, { amount: 6 })
    await all.tellCaptured(next)
    await all.posted(next)
    const letters = async () =>
      (await textsOf(all.pay.shelf, captured.deadLetters ?? captured)).filter(
        ({ key, headers }) => key === paymentId && headers['x-given-up-by'] === 'ledger',
      )
    await until('the letter', async () => (await letters()).length === 1)
    const [letter] = await letters()
    t.regex(letter?.headers['x-error-message'] ?? '', /is in the books with other values/)
    t.deepEqual(
      (await all.entriesOf(paymentId)).map(({ amount }) => Number(amount)),
      [5, 5],
    )
  },
)

test.serial('nobody but the server’s administrator changes or deletes a posting', async (t) => {
  const { mariadb: { host = '', port = 0 } = {} } = servers.servers
  const user = `${all.pay.place.prefix}ledger`
  const login = { host, port, user, password: 'bench-password', database: user }
  const owner = await createConnection(login)
  t.teardown(() => owner.end())
  for (const text of [
    'update ledger_entry set amount = 1',
    'delete from ledger_entry',
    'truncate table ledger_entry',
    'drop table ledger_entry',
    'replace into ledger_entry select * from ledger_entry',
    'rename table ledger_entry to gone',
  ])
    await t.throwsAsync(owner.query(text), { message: /command denied/ }, text)
  const reader = await createConnection({ ...login, user: `${user}_reader` })
  t.teardown(() => reader.end())
  t.true((await reader.query<unknown[]>('select * from ledger_entry')).length > 0)
  await t.throwsAsync(reader.query('delete from inbox'), { message: /command denied/ })
})

test.serial('a merchant sees its own entries, page by page; admin:payments sees all', async (t) => {
  const other = 'MERCHANT-9'
  const ids = [uuid(), uuid(), uuid()]
  for (const id of ids) await all.tellCaptured(id, { merchantId: other, currency: 'USD' })
  for (const id of ids) await all.posted(id)
  const theirs = await reader([readPayments], other)
  const pages: unknown[] = []
  for (let next: unknown = 0; next !== null;) {
    const { body } = await theirs.get(`/ledger/entries?size=4&cursor=${String(next)}`)
    pages.push(...(body['items'] as object[]))
    next = body['next']
  }
  t.is(pages.length, 6)
  t.deepEqual(
    new Set(pages.map((one) => (one as { merchantId: string }).merchantId)),
    new Set([other]),
  )
  const mine = await reader([readPayments])
  t.deepEqual(await mine.items(`/ledger/entries?paymentId=${ids[0]}`), [])
  t.like(await mine.get(`/ledger/entries?merchantId=${other}`), {
    status: 403,
    body: { code: 'OTHER_MERCHANT', errors: [{ field: 'query.merchantId' }] },
  })
  t.is((await (await reader(admin)).items(`/ledger/entries?merchantId=${other}`)).length, 6)
  // Who may act for any merchant where no money is real may not read everybody’s books.
  t.is(
    (await (await reader([readPayments, anyMerchant])).get(`/ledger/entries?merchantId=${other}`))
      .status,
    403,
  )
})

test.serial('accounts have debits, credits and balance in each currency', async (t) => {
  const [paymentId, refundId] = [uuid(), uuid()]
  const owner = { merchantId: 'MERCHANT-8', currency: 'GBP' }
  await all.tellCaptured(paymentId, { ...owner, amount: 10 ** 12 })
  await all.tellRefunded(paymentId, refundId, { ...owner, amount: 1 })
  await all.tellCaptured(refundId, { ...owner, currency: 'SEK', amount: 3 })
  await all.posted(paymentId)
  await until('all three', async () => (await all.entriesOf(refundId)).length === 4)
  const theirs = await reader([readPayments], owner.merchantId)
  const [capture, left] = [10 ** 12, 10 ** 12 - 1]
  t.deepEqual(await theirs.items('/ledger/accounts'), [
    { account: 'cash', currency: 'GBP', debits: 1, credits: capture, balance: -left },
    { account: 'merchant_receivable', currency: 'GBP', debits: capture, credits: 1, balance: left },
    { account: 'cash', currency: 'SEK', debits: 0, credits: 3, balance: -3 },
    { account: 'merchant_receivable', currency: 'SEK', debits: 3, credits: 0, balance: 3 },
  ])
  const everybody = await (await reader(admin)).items('/ledger/accounts')
  t.true(everybody.some(({ currency }) => currency === 'EUR'))
})

test.serial('what is asked wrongly or without right is refused with its field', async (t) => {
  const mine = await reader([readPayments])
  for (const [path, field] of [
    ['/ledger/entries?paymentId=1', 'query.paymentId'],
    ['/ledger/entries?size=101', 'query.size'],
    ['/ledger/entries?cursor=-1', 'query.cursor'],
    ['/ledger/accounts?merchantId=a:b', 'query.merchantId'],
  ] as const) {
    const { status, body } = await mine.get(path)
    t.is(status, 400, path)
    t.like(body, { errors: [{ field }] }, path)
  }
  t.is((await (await reader([adminPayments])).get('/ledger/entries')).status, 403)
  t.is((await mine.post('/reconciliation/runs')).status, 403)
})
