import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../infra/local/engines/testing.ts'
import type { Context } from './context.ts'
import * as mariadb from './mariadb.ts'
import * as postgres from './postgres.ts'
import { inSpan, SpanKind } from './spans.ts'
import { statement, type Database, type SqlEngine } from './sql.ts'
import { endConnections } from './testing/end-connections.ts'
import { startProxy } from './testing/proxy.ts'
import { composed, opened as openStore, shopOn } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Servers } from './testing.ts'

let servers: Servers
let stopServers: () => Promise<void>

test.before(async () => {
  const started = await testServers('postgres', 'mariadb')
  stopServers = started.stop
  servers = started.servers
})

test.after.always(() => stopServers?.())

const all = statement('all_things', 'select id, count from thing order by id')

/** What the tests say to each engine. */
const dialects = {
  postgres: {
    system: 'postgresql',
    table: 'create table thing (id text primary key, count bigint)',
    insert: statement('insert_thing', 'insert into thing values ($1, $2)'),
    update: statement('update_thing', 'update thing set count = $1 where id = $2'),
    me: statement('me', 'select pg_backend_pid() as me'),
    slow: statement('slow', 'select pg_sleep(20)'),
    running: `select 1 from pg_stat_activity where query like '%pg_sleep(20)%'
      and datname = current_database() and pid <> pg_backend_pid() and state = 'active'`,
    isUniqueViolation: postgres.isUniqueViolation,
    primaryKey: 'thing_pkey',
  },
  mariadb: {
    system: 'mariadb',
    table: 'create table thing (id varchar(9) primary key, count bigint)',
    insert: statement('insert_thing', 'insert into thing values (?, ?)'),
    update: statement('update_thing', 'update thing set count = ? where id = ?'),
    me: statement('me', 'select connection_id() as me'),
    slow: statement('slow', 'select sleep(20)'),
    running: `select 1 from information_schema.processlist where info like '%sleep(20)%'
      and db = database() and id <> connection_id()`,
    isUniqueViolation: mariadb.isUniqueViolation,
    primaryKey: 'PRIMARY',
  },
}

for (const engine of ['postgres', 'mariadb'] as const satisfies SqlEngine[]) {
  const { orders, seller, shop } = shopOn(engine)
  const { insert, update, me, ...dialect } = dialects[engine]
  const law = (title: string, holds: (t: ExecutionContext) => Promise<void>) =>
    // One after the other: some measure time.
    test.serial(`${engine}: ${title}`, holds)
  const port = (): number => servers[engine]?.port ?? 0
  const environmentAt = (at: number): Record<string, string> => ({
    [`${engine.toUpperCase()}_ORDERS_PORT`]: String(at),
  })

  /** A database with a table `thing`; `env` may put a proxy before it. */
  const opened = async (t: ExecutionContext, env: Record<string, string> = {}) => {
    const where = await bench(shop, { [engine]: servers[engine] })
    t.teardown(() => where.stop())
    let database: Database | undefined
    const start = composed(async (context: Context) => {
      database = await openStore(context, orders)
    })
    let running = await where.start(seller, start)
    const plain = database as unknown as Database
    await plain.change(statement('make', dialect.table))
    if (Object.keys(env).length > 0) running = await where.start(seller, start, { env })
    return { where, running, plain, database: database as unknown as Database }
  }

  law('a transaction writes all or nothing', async (t) => {
    const { database } = await opened(t)
    const refusal = new Error('no')
    const thrown = await t.throwsAsync(
      database.transaction(async (tx) => {
        await tx.change(insert, ['a', 1])
        throw refusal
      }),
    )
    t.is(thrown, refusal)
    t.deepEqual(await database.query(all), [])
    await database.transaction(async (tx) => {
      await tx.change(insert, ['a', 1])
      await tx.change(insert, ['b', 2])
    })
    t.deepEqual(await database.query(all), [
      { id: 'a', count: 1 },
      { id: 'b', count: 2 },
    ])
  })

  law('a change says how many rows it was about, also those that were so already', async (t) => {
    const { database } = await opened(t)
    t.is(await database.change(insert, ['a', 1]), 1)
    t.is(await database.change(update, [1, 'a']), 1)
    t.is(await database.change(update, [1, 'b']), 0)
  })

  law('a failed statement that the work swallows does not commit silently', async (t) => {
    const { database } = await opened(t)
    await database.change(insert, ['a', 1])
    const swallowing = (then: unknown[][]) =>
      database.transaction(async (tx) => {
        await tx.change(insert, ['b', 1])
        await tx.change(insert, ['a', 1]).catch(() => undefined)
        for (const values of then) await tx.change(insert, values)
      })
    await t.throwsAsync(swallowing([]), { message: /nothing was written/ })
    await t.throwsAsync(swallowing([['c', 1]]), { message: /nothing was written/ })
    t.is((await database.query(all)).length, 1)
  })

  law('no transaction poisons the next borrower of its connection', async (t) => {
    const { database } = await opened(t)
    await database.change(insert, ['a', 1])
    for (let n = 0; n < 20; n += 1) {
      const error = await t.throwsAsync(database.transaction((tx) => tx.change(insert, ['a', 1])))
      t.true(dialect.isUniqueViolation(error))
      t.true(dialect.isUniqueViolation(error, dialect.primaryKey))
      t.false(dialect.isUniqueViolation(error, 'another'))
    }
    const after = Array.from({ length: 20 }, (_, n) => database.change(insert, [`n${n}`, n]))
    await t.notThrowsAsync(Promise.all(after))
  })

  law('what the server refuses does not cost the connection', async (t) => {
    const { database } = await opened(t)
    const [before] = await database.query<{ me: number }>(me)
    await database.change(insert, ['a', 1])
    await t.throwsAsync(database.change(insert, ['a', 1]))
    await t.throwsAsync(database.transaction((tx) => tx.change(insert, ['a', 1])))
    t.deepEqual(await database.query(me), [before])
  })

  law(
    'an idle connection that the server ends neither crashes nor stays in the pool',
    async (t) => {
      const { where, database } = await opened(t)
      await Promise.all(Array.from({ length: 8 }, () => database.query(me)))
      await endConnections(servers, { engine, database: `${where.prefix}orders` })
      const works = () =>
        database.query(me).then(
          () => true,
          () => false,
        )
      await until('a working connection', works, 5000)
      t.is((await database.query(all)).length, 0)
    },
  )

  law('a connection that ends inside a transaction is a 503, and nothing is written', async (t) => {
    const { where, database } = await opened(t)
    const work = database.transaction(async (tx) => {
      const [row] = await tx.query<{ me: number }>(me)
      await tx.change(insert, ['a', 1])
      await endConnections(servers, { engine, database: `${where.prefix}orders` }, row?.me)
      await tx.change(insert, ['b', 1])
    })
    t.like(await t.throwsAsync(work), { status: 503, code: 'DATABASE_UNAVAILABLE' })
    t.deepEqual(await database.query(all), [])
  })

  law(
    'a database that is away is a 503 within two seconds, and the service is unready',
    async (t) => {
      const away = { ...environmentAt(1), MIGRATE: 'check' }
      const { plain, database, running } = await opened(t, away)
      const startedAt = performance.now()
      const error = await t.throwsAsync(database.query(all))
      t.like(error, { status: 503, code: 'DATABASE_UNAVAILABLE', headers: { 'retry-after': '1' } })
      t.true(performance.now() - startedAt < 2000)
      t.is((await plain.query(all)).length, 0)
      const checks = await running.context.life.checks()
      t.regex(checks[`${engine} orders`] ?? '', /orders does not answer/)
    },
  )

  law('a database that accepts and never answers is a 503 within two seconds', async (t) => {
    const proxy = await startProxy(port())
    t.teardown(() => proxy.close())
    proxy.silent(true)
    const { database } = await opened(t, { ...environmentAt(proxy.port), MIGRATE: 'check' })
    const startedAt = performance.now()
    const error = await t.throwsAsync(database.query(all))
    t.like(error, { status: 503, code: 'DATABASE_UNAVAILABLE' })
    t.true(performance.now() - startedAt < 2000)
  })

  law('a database that falls silent in mid-transaction is a 503 within four seconds', async (t) => {
    const proxy = await startProxy(port())
    t.teardown(() => proxy.close())
    const { database, plain } = await opened(t, environmentAt(proxy.port))
    const startedAt = performance.now()
    const work = database.transaction(async (tx) => {
      await tx.change(insert, ['a', 1])
      proxy.silent(true)
      await tx.change(insert, ['b', 1])
    })
    t.like(await t.throwsAsync(work), { status: 503, code: 'DATABASE_UNAVAILABLE' })
    t.true(performance.now() - startedAt < 4000)
    t.deepEqual(await plain.query(all), [])
  })

  law('a lost reply to COMMIT is unknown, and here the row is there', async (t) => {
    const proxy = await startProxy(port())
    t.teardown(() => proxy.close())
    const { plain, database } = await opened(t, environmentAt(proxy.port))
    const work = database.transaction(async (tx) => {
      await tx.change(insert, ['a', 1])
      proxy.cutRepliesAfter('commit')
    })
    t.like(await t.throwsAsync(work), { status: 503, code: 'OUTCOME_UNKNOWN' })
    t.is((await plain.query(all)).length, 1)
  })

  law('a statement that takes too long is ended on the server too', async (t) => {
    const { database } = await opened(t)
    t.like(await t.throwsAsync(database.query(dialect.slow)), { code: 'DATABASE_UNAVAILABLE' })
    const running = statement('running', dialect.running)
    const ended = async () => (await database.query(running)).length === 0
    await until('the server has stopped it', ended, 2000)
    t.pass()
  })

  law('waiting for a connection ends after a second', async (t) => {
    const { database } = await opened(t)
    const free = Promise.withResolvers<void>()
    const held = Array.from({ length: 16 }, () => database.transaction(() => free.promise))
    const startedAt = performance.now()
    t.like(await t.throwsAsync(database.query(all)), { code: 'DATABASE_UNAVAILABLE' })
    t.true(performance.now() - startedAt < 2000)
    free.resolve()
    await Promise.all(held)
  })

  law('callers are served in the order in which they came', async (t) => {
    const { database } = await opened(t)
    const [first, ...others] = Array.from({ length: 16 }, () => Promise.withResolvers<void>())
    const held = [first, ...others].map((free) => database.transaction(async () => free?.promise))
    const served: number[] = []
    const callers = Array.from({ length: 8 }, (_, n) =>
      database.transaction(async () => void served.push(n)),
    )
    first?.resolve()
    await Promise.all(callers)
    t.deepEqual(served, [0, 1, 2, 3, 4, 5, 6, 7])
    for (const free of others) free.resolve()
    await Promise.all(held)
  })

  law('a lock that is held for too long is told, and costs nobody a connection', async (t) => {
    const { database } = await opened(t)
    await database.change(insert, ['a', 1])
    const free = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const holder = database.transaction(async (tx) => {
      await tx.change(update, [2, 'a'])
      locked.resolve()
      await free.promise
    })
    await locked.promise
    const error = await t.throwsAsync(database.change(update, [3, 'a']))
    t.like(error, { status: 503, code: 'LOCK_TIMEOUT', headers: { 'retry-after': '1' } })
    free.resolve()
    await holder
    t.deepEqual(await database.query(all), [{ id: 'a', count: 2 }])
  })

  law('two transactions that lock crosswise both end well: one of them runs again', async (t) => {
    const { database, running } = await opened(t)
    await database.change(insert, ['a', 0])
    await database.change(insert, ['b', 0])
    const both = Promise.withResolvers<void>()
    let inside = 0
    const crossing = (first: string, second: string) =>
      database.transaction(async (tx) => {
        await tx.change(update, [1, first])
        inside += 1
        if (inside === 2) both.resolve()
        await both.promise
        await tx.change(update, [1, second])
      })
    await Promise.all([crossing('a', 'b'), crossing('b', 'a')])
    t.is(inside, 3)
    t.regex(
      await running.context.meter.registry.metrics(),
      /db_transaction_conflicts_total\{store="orders"\} 1/,
    )
  })

  law('two statements of one name are a mistake that is found at once', async (t) => {
    const { database } = await opened(t)
    await database.query(statement('one', 'select 1'))
    const twice = () => database.query(statement('one', 'select 2'))
    for (let n = 0; n < 20; n += 1) await t.throwsAsync(twice, { message: /named "one"/ })
  })

  law('a statement makes a client span without its values', async (t) => {
    const { where, running, database } = await opened(t)
    const { tracer, meter } = running.context
    await inSpan(tracer, 'request', { kind: SpanKind.SERVER }, () =>
      database.change(insert, ['secret', 1]),
    )
    const span = where.spans().find(({ name }) => name === 'insert_thing')
    t.like(span?.attributes, {
      'db.system.name': dialect.system,
      'db.namespace': `${where.prefix}orders`,
      'db.operation.name': 'INSERT',
      'db.query.summary': 'insert_thing',
      'server.address': '127.0.0.1',
      'server.port': port(),
      'service.peer.name': `${dialect.system}:orders`,
    })
    t.false(JSON.stringify(span?.attributes).includes('secret'))
    const text = await meter.registry.metrics()
    const edge = `client="seller",server="${dialect.system}:orders",connection_type="database"`
    t.regex(text, new RegExp(`request_total\\{${edge}\\} [1-9]`))
    t.regex(text, /db_pool_connections\{store="orders",state="max"\} 16/)
    t.regex(
      text,
      new RegExp(
        `duration_seconds_count\\{system="${dialect.system}",operation="insert_thing"\\} 1`,
      ),
    )
  })
}
