import test from 'ava'
import { ledgerBench, type LedgerBench } from '../../services/payments/ledger/testing.ts'
import { topology } from '../../services/topology.ts'
import { testServers } from '../local/engines/testing.ts'
import { checkOf, type Stored } from './invariants.ts'

let all: LedgerBench
let stored: Stored
let paymentId: string
let refundId: string

test.before(async () => {
  const tested = await testServers('kafka', 'mariadb')
  all = await ledgerBench(topology, tested)
  await all.start()
  const { host = '', port = 0 } = tested.servers.mariadb ?? {}
  const urlOf = (store: string): string => {
    const name = all.pay.place.prefix + store
    return `mariadb://${name}:bench-password@${host}:${port}/${name}`
  }
  const mariadb = {
    payment: urlOf('payment'),
    'pg-mock': urlOf('pg_mock'),
    ledger: urlOf('ledger'),
  }
  stored = { topology, mariadb }
  paymentId = await all.settled({ amount: 900 })
  await all.settled({ amount: 5, currency: 'USD' })
  refundId = await all.givenBack(paymentId, 100)
})
test.after.always(() => all?.stop())

const names = ['charged once', 'states of payments', 'books balance', 'posted once'] as const

/** What does not hold, by the name of its check. */
async function broken(): Promise<Readonly<Record<string, readonly string[]>>> {
  const declared = topology.services.flatMap(({ invariants }) => invariants)
  const found = await Promise.all(
    declared.map(async (one) => [one.name, (await checkOf(one, 0).run(stored)).broken] as const),
  )
  return Object.fromEntries(found.filter(([, lines]) => lines.length > 0))
}

test.serial(
  'all of it holds of money that went its whole way, and there is something to look at',
  async (t) => {
    t.deepEqual(await broken(), {})
    for (const invariant of topology.services.flatMap(({ invariants }) => invariants))
      t.true((await checkOf(invariant, 0).run(stored)).seen > 0, invariant.name)
    const declared = topology.services.flatMap(({ invariants }) =>
      invariants.map(({ name }) => name),
    )
    for (const name of names) t.true(declared.includes(name), name)
  },
)

interface Breach {
  readonly store: string
  readonly breaks: string
  readonly mends: string
  /** Each check that must see it, and what it must say. */
  readonly seen: Partial<Record<(typeof names)[number], RegExp>>
}

/** `:p` and `:r` stand for a captured payment and its refund. */
const breaches: Readonly<Record<string, Breach>> = {
  'a charge that was made twice': {
    store: 'pg_mock',
    breaks: `insert into call_log (id, type, op_key, outcome, amount, currency)
      values (9999, 'capture', ':p:capture', 'approved', 900, 'KRW')`,
    mends: 'delete from call_log where id = 9999',
    seen: {
      'charged once': /:p:capture was approved 2 times/,
      'posted once': /captures in KRW: ledger says 1 of 900 .* pg_mock says 2 of 1800/,
    },
  },
  'a refund of more than was taken': {
    store: 'pg_mock',
    breaks: `update call_log set amount = 901 where op_key = ':r'`,
    mends: `update call_log set amount = 100 where op_key = ':r'`,
    seen: {
      'charged once': /:p:capture: 901 were given back of 900/,
      'posted once': /refunds in KRW: ledger says 1 of 100 .* pg_mock says 1 of 901/,
    },
  },
  'a hold that was let go after its capture': {
    store: 'pg_mock',
    breaks: `insert into call_log (id, type, op_key, outcome) values (9999, 'void', ':p:auth', 'voided')`,
    mends: 'delete from call_log where id = 9999',
    seen: { 'charged once': /:p:auth was captured and let go/ },
  },
  'a step that there is not': {
    store: 'payment',
    breaks: `update payment_history set status = 'AUTH_FAILED' where payment_id = ':p' and status = 'AUTHORIZED'`,
    mends: `update payment_history set status = 'AUTHORIZED' where payment_id = ':p' and status = 'AUTH_FAILED'`,
    seen: { 'states of payments': /:p went from AUTH_FAILED to CAPTURE_REQUESTED/ },
  },
  'a state that its history does not know': {
    store: 'payment',
    breaks: `update payment set status = 'REFUNDED' where payment_id = ':p'`,
    mends: `update payment set status = 'PARTIAL_REFUNDED' where payment_id = ':p'`,
    seen: { 'states of payments': /:p is REFUNDED, its history ends with PARTIAL_REFUNDED/ },
  },
  'a refund that a payment does not count': {
    store: 'payment',
    breaks: `update payment set refunded = 0 where payment_id = ':p'`,
    mends: `update payment set refunded = 100 where payment_id = ':p'`,
    seen: {
      'states of payments': /:p has 0 refunded and 100 set aside, its refunds say 100 and 100/,
    },
  },
  'a posting that was deleted': {
    store: 'ledger',
    breaks: `delete from ledger_entry where business_id = ':r' and side = 'credit'`,
    mends: `insert into ledger_entry (entry_type, business_id, side, account, payment_id, merchant_id, amount, currency,
        occurred_at)
      select entry_type, business_id, 'credit', 'merchant_receivable', payment_id, merchant_id, amount, currency, occurred_at
      from ledger_entry where business_id = ':r'`,
    seen: {
      'books balance': /the refund :r has debit cash 100 KRW$/,
      'posted once': /refunds in KRW: ledger says nothing, payment says 1 of 100/,
    },
  },
  'amounts that were changed in both postings': {
    store: 'ledger',
    breaks: `update ledger_entry set amount = 901 where business_id = ':p'`,
    mends: `update ledger_entry set amount = 900 where business_id = ':p'`,
    seen: { 'posted once': /captures in KRW: ledger says 1 of 901 .* payment says 1 of 900/ },
  },
  'a posting that came to stand for another payment': {
    store: 'ledger',
    breaks: `update ledger_entry set business_id = reverse(business_id) where business_id = ':p'`,
    mends: `update ledger_entry set business_id = reverse(business_id) where business_id = reverse(':p')`,
    seen: {
      'posted once': /captures in KRW: ledger says 1 of 900 \(.*\), payment says 1 of 900 \(/,
    },
  },
  'accounts that were exchanged': {
    store: 'ledger',
    breaks: `update ledger_entry set account = case account when 'cash' then 'merchant_receivable' else 'cash' end
      where business_id = ':p'`,
    mends: `update ledger_entry set account = case account when 'cash' then 'merchant_receivable' else 'cash' end
      where business_id = ':p'`,
    seen: {
      'books balance': /the capture :p has debit cash 900 KRW, credit merchant_receivable 900 KRW/,
    },
  },
}

for (const [what, { store, breaks, mends, seen }] of Object.entries(breaches))
  test.serial(`${what} is seen by exactly the checks that are about it`, async (t) => {
    const named = (text: string) => text.replaceAll(':p', paymentId).replaceAll(':r', refundId)
    await all.rows(store, named(breaks))
    const found = await broken()
    t.deepEqual(Object.keys(found).sort(), Object.keys(seen).sort())
    for (const [name, says] of Object.entries(seen))
      t.true(
        found[name]?.some((line) => new RegExp(named(says.source)).test(line)),
        found[name]?.join(),
      )
    await all.rows(store, named(mends))
    t.deepEqual(await broken(), {})
  })

const many = 4000
const withinMs = 15_000

test.serial('a log of thousands of calls is judged in seconds', async (t) => {
  const [charged] = topology.services
    .flatMap(({ invariants }) => invariants)
    .filter(({ name }) => name === 'charged once')
  if (!charged) return t.fail('Nobody declares what is charged once.')
  for (const [type, base] of [
    ['authorize', 'null'],
    ['capture', `concat('many-', seq, ':authorize')`],
  ] as const)
    for (const [table, columns, values] of [
      ['operation', 'base_key, result, code', `${base}, 'approved', '0000'`],
      ['call_log', 'outcome', `'approved'`],
    ])
      await all.rows(
        'pg_mock',
        `insert into ${table} (op_key, type, amount, currency, ${columns})
         select concat('many-', seq, ':${type}'), '${type}', 1, 'KRW', ${values} from seq_1_to_${many}`,
      )
  const began = performance.now()
  const { seen, broken } = await checkOf(charged, 0).run(stored)
  t.true(performance.now() - began < withinMs)
  t.true(seen >= 2 * many)
  t.deepEqual(broken, [])
  for (const table of ['operation', 'call_log'])
    await all.rows('pg_mock', `delete from ${table} where op_key like 'many-%'`)
})

test.serial('where nothing is stored there is nothing to hold', async (t) => {
  const [one] = topology.services.flatMap(({ invariants }) => invariants)
  if (!one || !('seen' in one.of)) return t.fail('The first invariant looks for violations.')
  const empty = { ...one, of: { ...one.of, seen: 'select 0 as seen' } }
  t.is((await checkOf(empty, 0).run(stored)).seen, 0)
})

test.serial('a check cannot write', async (t) => {
  const [one] = topology.services.flatMap(({ invariants }) => invariants)
  if (!one || !('seen' in one.of)) return t.fail('The first invariant looks for violations.')
  const writing = { ...one, of: { ...one.of, seen: 'update payment set amount = 1' } }
  await t.throwsAsync(checkOf(writing, 0).run(stored), { message: /READ ONLY/ })
})
