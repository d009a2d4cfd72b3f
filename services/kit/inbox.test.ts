import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../infra/local/engines/testing.ts'
import type { Running } from './boot.ts'
import type { Context } from './context.ts'
import { once, purgeInbox } from './inbox.ts'
import { kafka } from './kafka.ts'
import { postgres, statement, type Postgres } from './postgres.ts'
import { composed, order, parcels, placed, publisherOf, sender, shop } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Servers } from './testing.ts'

let servers: Servers
let stopServers: () => Promise<void>

test.before(async () => {
  const started = await testServers('kafka', 'postgres')
  stopServers = started.stop
  servers = started.servers
})

test.after.always(() => stopServers?.())

test('an event is taken in once, together with its effect, and forgotten after two weeks', async (t) => {
  const { context, inbox } = await opened(t)
  const take = (id: string, fails = false): Promise<boolean> =>
    inbox.transaction(async (tx) => {
      const first = await once(tx, 'sender', id)
      if (fails) throw new Error('no')
      return first
    })
  await t.throwsAsync(take('one', true))
  t.true(await take('one'))
  t.false(await take('one'))
  await inbox.query(statement('test_age', `update inbox set at = now() - interval '15 days'`))
  await take('two')
  purgeInbox(context, inbox)
  const left = statement('test_left', 'select event_id as id from inbox')
  await until('the purge', async () => (await inbox.query(left)).length === 1)
  t.deepEqual(await inbox.query(left), [{ id: 'two' }])
})

test('a purge takes more than one limit’s worth in one go', async (t) => {
  const { context, inbox } = await opened(t)
  await inbox.query(
    statement(
      'test_fill',
      `insert into inbox (consumer, event_id, at)
       select 'sender', n::text, now() - interval '15 days' from generate_series(1, 12000) n`,
    ),
  )
  purgeInbox(context, inbox)
  const left = statement('test_count', 'select count(*) as count from inbox')
  // Within its 20 s there is one purge only: the next one comes after a minute.
  await until('the purge', async () => (await inbox.query<{ count: number }>(left))[0]?.count === 0)
  t.pass()
})

test('the process spans of a batch carry what its store calls were', async (t) => {
  const where = await bench(shop, servers)
  t.teardown(() => where.stop())
  const start = composed(async (context: Context<typeof sender>) => {
    const database = await postgres(context, parcels)
    await kafka(context).consume(sender.consumes[0], {
      batch: async ({ records }) => {
        for (const { headers } of records) await once(database, 'sender', headers['ce_id'] ?? '')
      },
    })
  })
  await where.start(sender, start)
  await (await publisherOf(where)).publish(placed, order('x'))
  await where.drained()
  const named = (name: string) => where.spans().find((span) => span.name === name)
  await until('spans', () => named('batch shop.orders.v1') !== undefined)
  const process = named('process shop.orders.v1')
  t.like(process?.attributes, {
    'db.system.name': 'postgresql',
    'db.query.summary': 'inbox_remember',
  })
  const call = named('inbox_remember')
  t.is(call?.parentSpanContext?.spanId, named('batch shop.orders.v1')?.spanContext().spanId)
})

/** A service with an inbox of its own. */
async function opened(
  t: ExecutionContext,
): Promise<{ context: Running['context']; inbox: Postgres }> {
  const where = await bench(shop, servers)
  t.teardown(() => where.stop())
  let database: Postgres | undefined
  const start = composed(async (context: Context<typeof sender>) => {
    database = await postgres(context, parcels)
  })
  const { context } = await where.start(sender, start)
  return { context, inbox: database as unknown as Postgres }
}
