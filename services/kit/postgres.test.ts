import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { testServers } from '../../infra/local/engines/testing.ts'
import type { Context } from './context.ts'
import { startProxy } from './testing/proxy.ts'
import { isUniqueViolation, postgres, statement, type Postgres } from './postgres.ts'
import { inSpan, SpanKind } from './spans.ts'
import { composed, orders, seller, shop } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Bench, type Servers } from './testing.ts'

let servers: Servers
let stopServers: () => Promise<void>

test.before(async () => {
  const started = await testServers('postgres')
  stopServers = started.stop
  servers = started.servers
})

test.after.always(() => stopServers?.())

const environmentAt = (port: number): Record<string, string> => ({
  POSTGRES_ORDERS_PORT: String(port),
})

/** A database with a table `thing`; `through` puts a proxy before it. */
async function opened(t: ExecutionContext, env: Record<string, string> = {}) {
  const where = await bench(shop, { postgres: servers.postgres } as Servers)
  t.teardown(() => where.stop())
  let database: Postgres | undefined
  const start = composed(async (context: Context<typeof seller>) => {
    database = await postgres(context, orders)
  })
  let running = await where.start(seller, start)
  const plain = database as unknown as Postgres
  await plain.query(statement('make', 'create table thing (id text primary key, count bigint)'))
  if (Object.keys(env).length > 0) running = await where.start(seller, start, { env })
  return { where, running, plain, database: database as unknown as Postgres }
}

const insert = statement('insert_thing', 'insert into thing values ($1, $2)')
const all = statement('all_things', 'select id, count from thing order by id')
const pid = statement('pid', 'select pg_backend_pid() as pid')

/** Ends connections of the bench's database from outside, as an administrator would. */
async function terminate(where: Bench, pids?: readonly number[]): Promise<void> {
  const admin = new pg.Client({ ...servers.postgres, database: 'postgres' })
  await admin.connect()
  const text = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = $1 and pid <> pg_backend_pid() and ($2::int[] is null or pid = any($2))`
  await admin.query(text, [`${where.prefix}orders`, pids ?? null])
  await admin.end()
}

test('int8 is a number and numeric a string', async (t) => {
  const { database } = await opened(t)
  const text =
    'select 5::int8 as small, sum(n)::int8 as sum, 1.10::numeric as money from generate_series(1, 3) n'
  const [row] = await database.query<object>(statement('numbers', text))
  t.deepEqual(row, { small: 5, sum: 6, money: '1.10' })
})

test('an int8 beyond 2^53 throws instead of becoming another number', async (t) => {
  const { database } = await opened(t)
  const [row] = await database.query<object>(
    statement('edge', 'select 9007199254740991::int8 as n'),
  )
  t.deepEqual(row, { n: 9007199254740991 })
  await t.throwsAsync(database.query(statement('beyond', 'select 9007199254740993::int8 as n')), {
    message: /9007199254740993 does not fit/,
  })
})

test('a transaction writes all or nothing', async (t) => {
  const { database } = await opened(t)
  const refusal = new Error('no')
  const thrown = await t.throwsAsync(
    database.transaction(async (tx) => {
      await tx.query(insert, ['a', 1])
      throw refusal
    }),
  )
  t.is(thrown, refusal)
  t.deepEqual(await database.query(all), [])
  await database.transaction(async (tx) => {
    await tx.query(insert, ['a', 1])
    await tx.query(insert, ['b', 2])
  })
  t.is((await database.query(all)).length, 2)
})

test('a failed statement that the work swallows does not commit silently', async (t) => {
  const { database } = await opened(t)
  await database.query(insert, ['a', 1])
  const work = database.transaction(async (tx) => {
    await tx.query(insert, ['b', 1])
    await tx.query(insert, ['a', 1]).catch(() => undefined)
  })
  await t.throwsAsync(work, { message: /nothing was written/ })
  t.is((await database.query(all)).length, 1)
})

test('no transaction poisons the next borrower of its connection', async (t) => {
  const { database } = await opened(t)
  await database.query(insert, ['a', 1])
  for (let n = 0; n < 20; n += 1) {
    const error = await t.throwsAsync(database.transaction((tx) => tx.query(insert, ['a', 1])))
    t.true(isUniqueViolation(error))
  }
  const after = Array.from({ length: 20 }, (_, n) => database.query(insert, [`n${n}`, n]))
  await t.notThrowsAsync(Promise.all(after))
})

test('an idle connection that the server ends neither crashes the process nor fails the next query', async (t) => {
  const { where, database } = await opened(t)
  await Promise.all(Array.from({ length: 8 }, () => database.query(pid)))
  await terminate(where)
  await until(
    'a working connection',
    () =>
      database.query(pid).then(
        () => true,
        () => false,
      ),
    5000,
  )
  t.is((await database.query(all)).length, 0)
})

test('a connection that the server ends inside a transaction is a 503 and nothing is written', async (t) => {
  const { where, database } = await opened(t)
  const work = database.transaction(async (tx) => {
    const [row] = await tx.query<{ pid: number }>(pid)
    await tx.query(insert, ['a', 1])
    await terminate(where, [row?.pid ?? 0])
    await tx.query(insert, ['b', 1])
  })
  const error = await t.throwsAsync(work)
  t.like(error, { status: 503, code: 'DATABASE_UNAVAILABLE' })
  t.deepEqual(await database.query(all), [])
})

test('a database that is away is a 503 with Retry-After within two seconds, and the service is unready', async (t) => {
  const { plain, database, running } = await opened(t, { ...environmentAt(1), MIGRATE: 'check' })
  const startedAt = performance.now()
  const error = await t.throwsAsync(database.query(all))
  t.like(error, { status: 503, code: 'DATABASE_UNAVAILABLE', headers: { 'retry-after': '1' } })
  t.true(performance.now() - startedAt < 2000)
  t.is((await plain.query(all)).length, 0)
  t.regex((await running.context.life.checks())['postgres orders'] ?? '', /orders does not answer/)
})

test('a database that accepts and never answers is a 503 within two seconds', async (t) => {
  const proxy = await startProxy(servers.postgres?.port ?? 0)
  t.teardown(() => proxy.close())
  proxy.silent(true)
  const { database } = await opened(t, { ...environmentAt(proxy.port), MIGRATE: 'check' })
  const startedAt = performance.now()
  const error = await t.throwsAsync(database.query(all))
  t.like(error, { status: 503, code: 'DATABASE_UNAVAILABLE' })
  t.true(performance.now() - startedAt < 2000)
})

test('a lost reply to COMMIT is unknown, and here the row is there', async (t) => {
  const proxy = await startProxy(servers.postgres?.port ?? 0)
  t.teardown(() => proxy.close())
  const { plain, database } = await opened(t, environmentAt(proxy.port))
  const work = database.transaction(async (tx) => {
    await tx.query(insert, ['a', 1])
    proxy.cutRepliesAfter('commit')
  })
  t.like(await t.throwsAsync(work), { status: 503, code: 'OUTCOME_UNKNOWN' })
  t.is((await plain.query(all)).length, 1)
})

test('a statement that takes too long is ended on the server too', async (t) => {
  const { database } = await opened(t)
  const slow = statement('slow', 'select pg_sleep(20)')
  t.like(await t.throwsAsync(database.query(slow)), { code: 'DATABASE_UNAVAILABLE' })
  const running = statement(
    'running',
    `select 1 from pg_stat_activity where query like '%pg_sleep(20)%'
    and pid <> pg_backend_pid() and state = 'active'`,
  )
  await until(
    'the server has stopped it',
    async () => (await database.query(running)).length === 0,
    2000,
  )
  t.pass()
})

test('waiting for a connection ends after a second', async (t) => {
  const { database } = await opened(t)
  const free = Promise.withResolvers<void>()
  const held = Array.from({ length: 16 }, () => database.transaction(() => free.promise))
  const startedAt = performance.now()
  t.like(await t.throwsAsync(database.query(all)), { code: 'DATABASE_UNAVAILABLE' })
  t.true(performance.now() - startedAt < 2000)
  free.resolve()
  await Promise.all(held)
})

test('two statements of one name are a mistake that is found at once', async (t) => {
  const { database } = await opened(t)
  await database.query(statement('one', 'select 1'))
  await t.throwsAsync(database.query(statement('one', 'select 2')), { message: /named "one"/ })
})

test('a statement makes a client span without its values', async (t) => {
  const { where, running, database } = await opened(t)
  const { tracer, meter } = running.context
  await inSpan(tracer, 'request', { kind: SpanKind.SERVER }, () =>
    database.query(insert, ['secret', 1]),
  )
  const span = where.spans().find(({ name }) => name === 'insert_thing')
  t.like(span?.attributes, {
    'db.system.name': 'postgresql',
    'db.namespace': `${where.prefix}orders`,
    'db.operation.name': 'INSERT',
    'db.query.summary': 'insert_thing',
    'server.address': '127.0.0.1',
  })
  t.false(JSON.stringify(span?.attributes).includes('secret'))
  const text = await meter.registry.metrics()
  t.regex(
    text,
    /request_total\{client="seller",server="postgresql:orders",connection_type="database"\} [1-9]/,
  )
  t.regex(text, /db_pool_connections\{store="orders",state="max"\} 16/)
})
