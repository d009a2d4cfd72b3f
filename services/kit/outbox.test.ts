import test, { type ExecutionContext } from 'ava'
import {
  addressOf,
  ownServer,
  testServers,
  type OwnServer,
} from '../../infra/local/engines/testing.ts'
import type { Context } from './context.ts'
import { kafka, type Publisher, type Received } from './kafka.ts'
import { outbox, relay } from './outbox.ts'
import {
  claimRows,
  giveBack,
  limits,
  markPublished,
  purgePublished,
  readBacklog,
  type Row,
} from './outbox/rows.ts'
import { inSpan, SpanKind } from './spans.ts'
import { statement, type Database, type SqlEngine } from './sql.ts'
import { startProxy } from './testing/proxy.ts'
import { composed, missing, opened, placed, shopOn, type Order } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Bench, type Servers } from './testing.ts'

let servers: Servers
let stopServers: () => Promise<void>
let broker: OwnServer

test.before(async () => {
  const [started, kafkaServer] = await Promise.all([
    testServers('postgres', 'mariadb'),
    ownServer('kafka'),
  ])
  stopServers = started.stop
  broker = kafkaServer
  servers = { ...started.servers, ...addressOf('kafka', broker) }
})

test.after.always(async () => {
  await stopServers?.()
  await broker?.stop()
})

interface Shop {
  readonly where: Bench
  readonly database: Database
  readonly context: Context
  readonly publisher: Publisher
  readonly add: (...events: [string, number][]) => Promise<void>
  /** Everything that the consumer has got, in the order per partition. */
  readonly got: Received<Order>[]
}

const claimed = (database: Database, relay: string, count: number): Promise<Row[]> =>
  claimRows(database, { relay, count, leaseMs: 30_000 })

/** A seller with `relays` relays on one outbox, and a sender that reads what they publish. */
async function shopWith(t: ExecutionContext, engine: SqlEngine, relays = 1): Promise<Shop> {
  const { orders, seller, sender, shop } = shopOn(engine)
  const where = await bench(shop, servers)
  t.teardown(() => where.stop())
  const got: Received<Order>[] = []
  const parts: { database: Database; context: Context; publisher: Publisher }[] = []
  const sell = composed(async (context: Context) => {
    const database = await opened(context, orders)
    const publisher = await kafka(context).publisher()
    parts.push({ database, context, publisher })
    if (parts.length <= relays) await relay(context, database, publisher)
  })
  for (let n = 1; n <= Math.max(1, relays); n += 1) await where.start(seller, sell, { replica: n })
  const send = composed(async (context: Context<typeof sender>) => {
    await kafka(context).consume(sender.consumes[0], {
      batch: async ({ records }) => void got.push(...records),
    })
  })
  await where.start(sender, send)
  const [part] = parts
  if (!part) throw new Error('the seller did not start')
  const add = (...events: [string, number][]): Promise<void> =>
    part.database.transaction(async (tx) => {
      for (const [id, amount] of events)
        await outbox.add(tx, placed, { key: id, value: { id, amount } })
    })
  return { where, got, add, ...part }
}

interface Stored {
  readonly key: string
  readonly published: boolean
  readonly dead: boolean
  readonly attempts: number
}

const lockFirst = statement('test_lock', 'select seq from outbox order by seq limit 1 for update')
const leased = statement('test_leased', 'select seq from outbox where leased_by is not null')
const old = 2 * limits.purged + 1

/** What the tests say to each engine. */
const dialects = {
  postgres: {
    system: 'postgresql',
    claim: 'outbox_claim',
    claimed: 'outbox_claim',
    rows: statement(
      'test_rows',
      `select key, published_at is not null as published, dead_at is not null as dead, attempts from outbox order by seq`,
    ),
    age: statement('test_age', `update outbox set created_at = created_at - interval '2 minutes'`),
    hurry: statement(
      'test_hurry',
      `update outbox set available_at = now() where published_at is null`,
    ),
    fill: statement(
      'test_fill',
      `insert into outbox (id, topic, key, payload, published_at)
       select gen_random_uuid(), 'shop.orders.v1', 'old', '{}', now() - interval '2 hours'
       from generate_series(1, ${old})`,
    ),
  },
  mariadb: {
    system: 'mariadb',
    claim: 'outbox_lock',
    // Behind the head of a packet: `autocommit` is none.
    claimed: (bytes: Buffer) => bytes.toString('latin1', 5).toLowerCase() === 'commit',
    rows: statement(
      'test_rows',
      `select \`key\`, published_at is not null as published, dead_at is not null as dead, attempts from outbox order by seq`,
    ),
    age: statement('test_age', `update outbox set created_at = created_at - interval 2 minute`),
    hurry: statement(
      'test_hurry',
      `update outbox set available_at = now(6) where published_at is null`,
    ),
    fill: statement(
      'test_fill',
      `insert into outbox (id, topic, \`key\`, payload, published_at)
       select uuid(), 'shop.orders.v1', 'old', '{}', now(6) - interval 2 hour from seq_1_to_${old}`,
    ),
  },
}

/** All rows in their order; MariaDB's truth values are numbers. */
async function stored(database: Database): Promise<readonly Stored[]> {
  const found = await database.query<Stored>(dialects[database.engine].rows)
  return found.map((row) => ({
    ...row,
    published: Boolean(row.published),
    dead: Boolean(row.dead),
  }))
}

const amounts = (got: readonly Received<Order>[], id: string): number[] =>
  got.filter(({ value }) => value.id === id).map(({ value }) => value.amount)

for (const engine of ['postgres', 'mariadb'] as const) {
  const dialect = dialects[engine]
  const law = (title: string, holds: (t: ExecutionContext) => Promise<void>) =>
    test.serial(`${engine}: ${title}`, holds)

  law('an event is published if and only if its transaction commits, at once', async (t) => {
    const { add, database, got } = await shopWith(t, engine)
    await add(['warm', 0])
    await until('the first event', () => got.length === 1)
    const refused = database.transaction(async (tx) => {
      await outbox.add(tx, placed, { key: 'no', value: { id: 'no', amount: 1 } })
      throw new Error('no')
    })
    await t.throwsAsync(refused)
    const startedAt = performance.now()
    await add(['yes', 1])
    await until('the event', () => got.length === 2)
    t.true(performance.now() - startedAt < 1000)
    t.deepEqual(
      got.map(({ key }) => key),
      ['warm', 'yes'],
    )
  })

  law('four relays publish every event once and keep the order of each aggregate', async (t) => {
    const { add, got, where } = await shopWith(t, engine, 4)
    const keys = Array.from({ length: 40 }, (_, n) => `key${n}`)
    for (let round = 0; round < 10; round += 1)
      await Promise.all(keys.map((key) => add([key, 2 * round], [key, 2 * round + 1])))
    await until('all events', () => got.length >= 800)
    await where.drained()
    t.is(got.length, 800)
    const inOrder = Array.from({ length: 20 }, (_, n) => n)
    for (const key of keys) t.deepEqual(amounts(got, key), inOrder)
  })

  law('Kafka being killed costs no event and no attempt', async (t) => {
    const { add, got, database, context } = await shopWith(t, engine)
    await add(['before', 1])
    await until('the first event', () => got.length === 1)
    await broker.crash()
    for (let n = 0; n < 50; n += 1) await add([`down${n % 5}`, n])
    await until('the relay notices', async () =>
      /circuit_breaker_state\{name="kafka-publisher",state="open"\} 1/.test(
        await context.meter.registry.metrics(),
      ),
    )
    await until('the gauge', async () =>
      /outbox_pending 50/.test(await context.meter.registry.metrics()),
    )
    await broker.restart()
    await until(
      'all events',
      () => new Set(got.map(({ headers }) => headers['ce_id'])).size === 51,
      60_000,
    )
    for (let n = 0; n < 5; n += 1) {
      const wanted = Array.from({ length: 10 }, (_, m) => 5 * m + n)
      t.deepEqual([...new Set(amounts(got, `down${n}`))], wanted)
    }
    // An event is there before its row says so.
    await until('all rows', async () => (await stored(database)).every((row) => row.published))
    t.true((await stored(database)).every(({ attempts }) => attempts === 0))
  })

  law('a refused event is dead after five attempts; only its own aggregate waits', async (t) => {
    const { add, got, database, context } = await shopWith(t, engine)
    await database.transaction(async (tx) => {
      await outbox.add(tx, missing, { key: 'sick', value: { id: 'sick', amount: 1 } })
      await outbox.add(tx, missing, { key: 'sick', value: { id: 'sick', amount: 2 } })
    })
    await add(['sick', 3], ['well', 4])
    await until('other aggregates', () => got.length === 2)
    t.deepEqual(got.map(({ value }) => value.amount).sort(), [3, 4])
    await until(
      'the dead state',
      async () => {
        await database.change(dialect.hurry)
        return (await stored(database))[0]?.dead === true
      },
      40_000,
    )
    const [first, second] = await stored(database)
    t.like(first, { attempts: limits.attempts, published: false })
    t.like(second, { attempts: 0, published: false, dead: false })
    await until('the gauge', async () =>
      /outbox_dead 1/.test(await context.meter.registry.metrics()),
    )
  })

  law(
    'what a crashed relay had claimed is published after the lease, with the same id',
    async (t) => {
      const { add, got, database, publisher } = await shopWith(t, engine, 0)
      await add(['crash', 1])
      const [first] = await claimRows(database, { relay: 'crashed', count: 10, leaseMs: 300 })
      t.is((await claimed(database, 'other', 10)).length, 0)
      await publisher.publish(placed, {
        id: first?.id ?? '',
        key: 'crash',
        value: { id: 'crash', amount: 1 },
      })
      let again: Row | undefined
      await until('the end of the lease', async () => {
        again = (await claimed(database, 'other', 10))[0]
        return again !== undefined
      })
      t.is(again?.id, first?.id)
      await publisher.publish(placed, {
        id: again?.id ?? '',
        key: 'crash',
        value: { id: 'crash', amount: 1 },
      })
      await markPublished(database, [again?.seq ?? 0])
      await until('both copies', () => got.length === 2)
      t.is(new Set(got.map(({ headers }) => headers['ce_id'])).size, 1)
    },
  )

  law('rows of an aggregate are not free while an earlier one is claimed', async (t) => {
    const { add, database } = await shopWith(t, engine, 0)
    await add(['a', 1], ['a', 2], ['b', 1])
    const first = await claimed(database, 'one', 1)
    t.deepEqual(
      first.map(({ key }) => key),
      ['a'],
    )
    const rest = await claimed(database, 'two', 10)
    t.deepEqual(
      rest.map(({ key }) => key),
      ['b'],
    )
  })

  law('rows of an aggregate are not free while another relay takes an earlier one', async (t) => {
    const { add, database } = await shopWith(t, engine, 0)
    await add(['a', 1], ['a', 2], ['b', 1])
    const free = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const other = database.transaction(async (tx) => {
      await tx.query(lockFirst)
      locked.resolve()
      await free.promise
    })
    await locked.promise
    const others = await claimed(database, 'two', 10)
    t.deepEqual(
      others.map(({ key }) => key),
      ['b'],
    )
    free.resolve()
    await other
    const rest = await claimed(database, 'two', 10)
    t.deepEqual(
      rest.map(({ key }) => key),
      ['a', 'a'],
    )
  })

  law('what a relay gives back is free again, unless another has it by now', async (t) => {
    const { add, database } = await shopWith(t, engine, 0)
    await add(['a', 1], ['b', 1])
    const seqs = (await claimed(database, 'one', 10)).map(({ seq }) => seq)
    await giveBack(database, 'other', seqs)
    t.is((await claimed(database, 'two', 10)).length, 0)
    await giveBack(database, 'one', seqs.slice(1))
    t.is((await claimed(database, 'two', 10)).length, 1)
    t.like(await readBacklog(database), { pending: 2, dead: 0 })
  })

  law('a claim whose reply was lost is repeated at once, not after its lease', async (t) => {
    const { add, database, got, where } = await shopWith(t, engine, 0)
    const wire = await startProxy(servers[engine]?.port ?? 0)
    t.teardown(() => wire.close())
    const { orders, seller } = shopOn(engine)
    const relaying = composed(async (context: Context) => {
      await relay(context, await opened(context, orders), await kafka(context).publisher())
    })
    const env = { [`${engine.toUpperCase()}_ORDERS_PORT`]: String(wire.port) }
    await where.start(seller, relaying, { replica: 2, env })
    wire.cutRepliesAfter(dialect.claimed, 'taken')
    await add(['lost', 1])
    await until('it is leased', async () => (await database.query(leased)).length === 1)
    wire.mend()
    await until('it is published', () => got.length > 0, 10_000)
    t.deepEqual(amounts(got, 'lost'), [1])
  })

  law('a purge takes every row that was published long ago, and no other', async (t) => {
    const { add, database } = await shopWith(t, engine, 0)
    await add(['waits', 1])
    await database.change(dialect.fill)
    await purgePublished(database)
    const left = await stored(database)
    t.deepEqual(
      left.map(({ key }) => key),
      ['waits'],
    )
  })

  law('a relay that has nothing to do does not keep itself awake', async (t) => {
    const { context } = await shopWith(t, engine)
    const calls = async (operation: string): Promise<number> => {
      const text = await context.meter.registry.metrics()
      const line = `db_client_operation_duration_seconds_count{system="${dialect.system}",operation="${operation}"} `
      return Number(text.split(line)[1]?.split('\n')[0] ?? 0)
    }
    await until('the first look', async () => (await calls('outbox_backlog')) >= 1)
    const [looks, claims] = [await calls('outbox_backlog'), await calls(dialect.claim)]
    // The gauges look once a second.
    await until('two seconds', async () => (await calls('outbox_backlog')) >= looks + 2)
    t.true((await calls(dialect.claim)) - claims <= 20)
    t.true((await calls(dialect.claim)) - claims > 2)
  })

  law('a fresh event continues the trace of its writer, a late one only links to it', async (t) => {
    const { add, where, context, database, got } = await shopWith(t, engine, 0)
    const written = (id: string): Promise<string> =>
      inSpan(context.tracer, 'request', { kind: SpanKind.SERVER }, async (span) => {
        await add([id, 1])
        return span.spanContext().traceId
      })
    const late = await written('late')
    await database.change(dialect.age)
    const fresh = await written('fresh')
    await relay(context, database, await kafka(context).publisher())
    await until('both', () => got.length === 2)
    const send = (id: string) =>
      where
        .spans()
        .find(
          ({ name, attributes }) =>
            name === 'send shop.orders.v1' && attributes['messaging.kafka.message.key'] === id,
        )
    await until('the spans', () => send('late') !== undefined && send('fresh') !== undefined)
    t.is(send('fresh')?.spanContext().traceId, fresh)
    t.not(send('late')?.spanContext().traceId, late)
    t.is(send('late')?.links[0]?.context.traceId, late)
  })
}
