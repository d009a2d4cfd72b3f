import test, { type ExecutionContext } from 'ava'
import { v7 as uuid } from 'uuid'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess } from '../../kit/testing/own-process.ts'
import { startProxy, type Proxy } from '../../kit/testing/proxy.ts'
import { recordsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { settlementClosed } from '../topics.ts'
import service from './service.ts'
import { ledgerBench, type LedgerBench } from './testing.ts'

let all: LedgerBench
let wire: Proxy

test.before(async () => {
  const tested = await testServers('kafka', 'mariadb')
  all = await ledgerBench(topology, tested)
  wire = await startProxy(tested.servers.mariadb?.port ?? 0)
})
test.after.always(async () => {
  await wire?.close()
  await all?.stop()
})

/** The ledger as users run it, with a wire to its database. */
async function ownLedger(t: ExecutionContext) {
  const env = await all.pay.place.environment(service)
  const child = await ownProcess(service, {
    ...env,
    MARIADB_LEDGER_PORT: String(wire.port),
    LEDGER_CLOSE_EVERY_MS: '50',
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

type Row = Readonly<Record<string, number | bigint>>

const counts = async () => {
  const [row] = await all.rows<Row>(
    'ledger',
    `select (select count(*) from ledger_entry) as entries, (select count(*) from inclusion) as inclusions,
       (select count(*) from inclusion where batch_id is null) as open,
       (select coalesce(sum(postings), 0) from settlement_batch) as batched`,
  )
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, count]) => [name, Number(count)]))
}

const entriesOf = async (): Promise<number> => (await counts())['entries'] ?? 0

/** Where a posting can be cut, and what makes it stand still there. */
const points: Readonly<Record<string, () => Promise<void>>> = {
  'the inbox has the event, the books nothing': () =>
    wire.standStill(['insert into inbox'], 'arrives'),
  'C14 both postings sent, COMMIT not': () =>
    wire.standStill(['insert into ledger_entry', 'insert into inclusion', 'commit'], 'lost'),
  'C15 posted, the reply lost and the offset not committed': () =>
    wire.standStill(['insert into ledger_entry', 'insert into inclusion', 'commit'], 'arrives'),
}

for (const [point, standStill] of Object.entries(points))
  test.serial(`killed where ${point}, every fact is posted once`, async (t) => {
    t.timeout(120_000)
    // The first one makes the tables.
    const before = await entriesOf().catch(() => 0)
    const ids = Array.from({ length: 10 }, () => uuid())
    const stands = standStill()
    const child = await ownLedger(t)
    for (const id of [...ids, ...ids]) await all.tellCaptured(id)
    await stands
    await killed(child)
    wire.mend()
    const again = await ownLedger(t)
    for (const id of ids)
      await until(`${id}`, async () => (await all.entriesOf(id)).length >= 2, 40_000)
    await until('the rest', async () => (await entriesOf()) === before + 2 * ids.length)
    for (const id of ids) t.is((await all.entriesOf(id)).length, 2)
    t.is((await counts())['inclusions'], before + 2 * ids.length)
    await killed(again)
  })

/** A posting of a day that is over and not closed. */
async function postedLongAgo(): Promise<void> {
  const id = uuid()
  await all.rows(
    'ledger',
    `insert into ledger_entry (entry_type, business_id, side, account, payment_id, merchant_id, amount, currency,
       occurred_at) values ('capture', ?, 'debit', 'merchant_receivable', ?, 'M', 1, 'KRW', now()),
       ('capture', ?, 'credit', 'cash', ?, 'M', 1, 'KRW', now())`,
    ...[id, id, id, id],
  )
  await all.rows(
    'ledger',
    `insert ignore into inclusion (entry_id, merchant_id, currency, posted_at)
     select entry_id, merchant_id, currency, posted_at from ledger_entry`,
  )
  await all.rows(
    'ledger',
    `update inclusion set posted_at = now(3) - interval 2 day where batch_id is null`,
  )
  await all.rows('ledger', 'delete from closed_day')
}

for (const [point, last] of [
  ['all of a batch is sent, COMMIT is not', 'lost'],
  ['a batch is committed, the reply lost', 'arrives'],
] as const)
  test.serial(`killed where ${point}, each posting is in one batch, told once`, async (t) => {
    t.timeout(120_000)
    await postedLongAgo()
    const stands = wire.standStill(
      ['insert into settlement_batch', 'update inclusion', 'insert into outbox', 'commit'],
      last,
    )
    const child = await ownLedger(t)
    await stands
    await killed(child)
    wire.mend()
    const again = await ownLedger(t)
    await until('all in batches', async () => (await counts())['open'] === 0)
    const { entries, batched } = await counts()
    t.is(batched, entries)
    const [{ batches } = { batches: 0 }] = await all.rows<{ batches: number }>(
      'ledger',
      'select count(*) as batches from settlement_batch',
    )
    const told = () => recordsOf(all.pay.shelf, settlementClosed)
    await until('all told', async () => (await told()).length >= Number(batches))
    t.is(new Set((await told()).map(({ value }) => value.batchId)).size, Number(batches))
    await killed(again)
  })
