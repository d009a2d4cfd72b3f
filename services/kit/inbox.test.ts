import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../infra/local/engines/testing.ts'
import type { Running } from './boot.ts'
import type { Context } from './context.ts'
import { once, purgeInbox } from './inbox.ts'
import { kafka } from './kafka.ts'
import { statement, type Database } from './sql.ts'
import {
  composed,
  opened as openStore,
  order,
  placed,
  publisherOf,
  shopOn,
} from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Servers } from './testing.ts'

let servers: Servers
let stopServers: () => Promise<void>

test.before(async () => {
  const started = await testServers('kafka', 'postgres', 'mariadb')
  stopServers = started.stop
  servers = started.servers
})

test.after.always(() => stopServers?.())

/** What the tests say to each engine. */
const dialects = {
  postgres: {
    system: 'postgresql',
    age: statement('test_age', `update inbox set at = now() - interval '15 days'`),
    fill: statement(
      'test_fill',
      `insert into inbox (consumer, event_id, at)
       select 'sender', n::text, now() - interval '15 days' from generate_series(1, 12000) n`,
    ),
  },
  mariadb: {
    system: 'mariadb',
    age: statement('test_age', `update inbox set at = now(6) - interval 15 day`),
    fill: statement(
      'test_fill',
      `insert into inbox (consumer, event_id, at)
       select 'sender', seq, now(6) - interval 15 day from seq_1_to_12000`,
    ),
  },
}

for (const engine of ['postgres', 'mariadb'] as const) {
  const { parcels, sender, shop } = shopOn(engine)
  const { system, age, fill } = dialects[engine]
  const law = (title: string, holds: (t: ExecutionContext) => Promise<void>) =>
    test(`${engine}: ${title}`, holds)

  /** A service with an inbox of its own. */
  const opened = async (
    t: ExecutionContext,
  ): Promise<{ context: Running['context']; inbox: Database }> => {
    const where = await bench(shop, servers)
    t.teardown(() => where.stop())
    let database: Database | undefined
    const start = composed(async (context: Context) => {
      database = await openStore(context, parcels)
    })
    const { context } = await where.start(sender, start)
    return { context, inbox: database as unknown as Database }
  }

  law('an event is taken in once, with its effect, and forgotten after two weeks', async (t) => {
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
    t.false(await take('one'))
    await inbox.change(age)
    await take('two')
    purgeInbox(context, inbox)
    const left = statement('test_left', 'select event_id as id from inbox')
    await until('the purge', async () => (await inbox.query(left)).length === 1)
    t.deepEqual(await inbox.query(left), [{ id: 'two' }])
  })

  law('of many that take in one event at once, one is the first', async (t) => {
    const { inbox } = await opened(t)
    const ids = Array.from({ length: 8 }, (_, n) => `event${n}`)
    // Who waits for longer than the store lets anybody has done nothing, and comes again as a batch does.
    const take = async (): Promise<string[]> => {
      try {
        return await inbox.transaction(async (tx) => {
          const firsts: string[] = []
          for (const id of ids) if (await once(tx, 'sender', id)) firsts.push(id)
          return firsts
        })
      } catch (error) {
        if ((error as { status?: number }).status === 503) return take()
        throw error
      }
    }
    const taken = await Promise.all(Array.from({ length: 4 }, take))
    t.deepEqual(taken.flat().sort(), ids)
  })

  law(
    'ids that differ in case or blanks only, or are of another consumer, are others',
    async (t) => {
      const { inbox } = await opened(t)
      for (const id of ['abc', 'ABC', 'abc ']) t.true(await once(inbox, 'sender', id))
      t.true(await once(inbox, 'other', 'abc'))
      t.false(await once(inbox, 'sender', 'abc '))
    },
  )

  law('a purge takes more than one limit’s worth in one go', async (t) => {
    const { context, inbox } = await opened(t)
    await inbox.change(fill)
    purgeInbox(context, inbox)
    const left = statement('test_count', 'select count(*) as count from inbox')
    // Within its 20 s there is one purge only: the next one comes after a minute.
    const isEmpty = async () => (await inbox.query<{ count: number }>(left))[0]?.count === 0
    await until('the purge', isEmpty)
    t.pass()
  })

  law('the process spans of a batch carry what its store calls were', async (t) => {
    const where = await bench(shop, servers)
    t.teardown(() => where.stop())
    const start = composed(async (context: Context) => {
      const database = await openStore(context, parcels)
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
      'db.system.name': system,
      'db.query.summary': 'inbox_remember',
    })
    const call = named('inbox_remember')
    t.is(call?.parentSpanContext?.spanId, named('batch shop.orders.v1')?.spanContext().spanId)
  })
}

test('mariadb: an id that is too long is refused instead of cut short', async (t) => {
  const { parcels, sender, shop } = shopOn('mariadb')
  const where = await bench(shop, servers)
  t.teardown(() => where.stop())
  const start = composed(async (context: Context) => {
    const inbox = await openStore(context, parcels)
    const error = await t.throwsAsync(once(inbox, 'sender', 'x'.repeat(256)))
    t.like(error, { status: 400, code: 'VALUE_TOO_LONG' })
  })
  await where.start(sender, start)
})
