import test, { type ExecutionContext } from 'ava'
import { addressOf, ownServer, testServers } from '../../infra/local/engines/testing.ts'
import type { Running } from './boot.ts'
import type { Context } from './context.ts'
import { isUniqueViolation, mariadb, statement, type Mariadb } from './mariadb.ts'
import { asMariadbAdmin } from './provision-mariadb.ts'
import { composed, shopOn } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench } from './testing.ts'

const { orders, seller, shop } = shopOn('mariadb')

let started: Awaited<ReturnType<typeof testServers>>
test.before(async () => {
  started = await testServers('mariadb')
})
test.after.always(() => started?.stop())

/** A database of its own. */
async function opened(
  t: ExecutionContext,
  servers = started.servers,
  env: Record<string, string> = {},
) {
  const where = await bench(shop, servers)
  t.teardown(() => where.stop())
  let database: Mariadb | undefined
  const start = composed(async (context: Context<typeof seller>) => {
    database = await mariadb(context, orders)
  })
  const running: Running = await where.start(seller, start, { env: { MIGRATE: 'check', ...env } })
  return { running, database: database as unknown as Mariadb }
}

const make = (database: Mariadb, columns: string): Promise<number> =>
  database.change(statement('make', `create table thing (${columns})`))

test('money is exact at any size: integers are numbers or refused, sums are texts', async (t) => {
  const { database } = await opened(t)
  await make(database, 'id int primary key, amount bigint')
  const insert = statement('insert', 'insert into thing values (?, ?)')
  await database.change(insert, [1, 10 ** 12])
  await database.change(insert, [2, Number.MAX_SAFE_INTEGER])
  await database.change(insert, [3, 9007199254740993n])
  const one = statement(
    'one',
    'select amount, cast(amount as char) as text from thing where id = ?',
  )
  t.deepEqual(await database.query(one, [1]), [{ amount: 10 ** 12, text: '1000000000000' }])
  t.deepEqual(await database.query(one, [2]), [
    { amount: 9007199254740991, text: '9007199254740991' },
  ])
  await t.throwsAsync(database.query(one, [3]), { message: /9007199254740993 does not fit/ })
  const sums = statement(
    'sums',
    `select sum(amount) as sum, count(*) as count, cast(1.10 as decimal(9, 2)) as money,
      (select cast(amount as char) from thing where amount = ?) as found from thing where id > 1`,
  )
  t.deepEqual(await database.query(sums, [9007199254740993n]), [
    { sum: '18014398509481984', count: 2, money: '1.10', found: '9007199254740993' },
  ])
  // The literal is 9007199254740992 already when the code begins to run.
  await t.throwsAsync(database.change(insert, [4, 2 ** 53]), { message: /pass it as a bigint/ })
})

test.serial('times are UTC to the millisecond, whatever the process thinks', async (t) => {
  const { database } = await opened(t)
  await make(database, 'at datetime(3)')
  process.env['TZ'] = 'America/New_York'
  t.teardown(() => delete process.env['TZ'])
  // An hour that New York does not have.
  const at = new Date('2026-03-08T02:30:00.123Z')
  await database.change(statement('insert', 'insert into thing values (?)'), [at])
  const read = statement(
    'read',
    `select at, cast(at as char) as text, timestampdiff(second, utc_timestamp(), now()) as off
      from thing where at = ?`,
  )
  t.deepEqual(await database.query(read, [at]), [{ at, text: '2026-03-08 02:30:00.123', off: 0 }])
})

test('keys that differ in case or in trailing blanks are different keys', async (t) => {
  const { database } = await opened(t)
  await make(database, 'id varchar(255) primary key')
  const insert = statement('insert', 'insert into thing values (?)')
  const keys = ['abc', 'ABC', 'abc ', 'äbc', '🐘']
  for (const key of keys) t.is(await database.change(insert, [key]), 1)
  const error = await t.throwsAsync(database.change(insert, ['abc ']))
  t.true(isUniqueViolation(error, 'PRIMARY'))
  const find = statement('find', 'select id from thing where id = ?')
  for (const key of keys) t.deepEqual(await database.query(find, [key]), [{ id: key }])
})

test('an error of a broken key names the key and keeps values to itself', async (t) => {
  const { database } = await opened(t)
  await make(database, 'id int primary key, k varchar(9), n int, unique key thing_k (k, n)')
  const insert = statement('insert', 'insert into thing values (?, ?, ?)')
  await database.change(insert, [1, "'x'", 1])
  const error = await t.throwsAsync(database.change(insert, [2, "'x'", 1]))
  t.true(isUniqueViolation(error))
  t.true(isUniqueViolation(error, 'thing_k'))
  t.false(isUniqueViolation(error, 'PRIMARY'))
  t.false(String((error as { sql?: string }).sql).includes("'x'"))
})

test('what cannot be stored is refused, never shortened, and is the client’s mistake', async (t) => {
  const { database } = await opened(t)
  await make(database, 'n int, s varchar(3), b binary(2), u varchar(9) character set latin1')
  const insert = statement('insert', 'insert into thing (n, s, u) values (?, ?, ?)')
  const refused = async (values: unknown[], code: string, message: RegExp) => {
    const error = await t.throwsAsync(database.change(insert, values), { message })
    t.like(error, { status: 400, code })
  }
  await refused([1, 'abcd', ''], 'VALUE_TOO_LONG', /value of s is too long/)
  await refused([2 ** 31, 'abc', ''], 'VALUE_OUT_OF_RANGE', /value of n is outside/)
  await refused(
    [1, 'abc', '한'],
    'INVALID_TEXT',
    /value of u holds a character that cannot be stored/,
  )
  t.deepEqual(await database.query(statement('all', 'select n from thing')), [])
})

test('no update is lost: the second of two that read the same runs again', async (t) => {
  const { database } = await opened(t)
  await make(database, 'id int primary key, amount bigint')
  await database.change(statement('insert', 'insert into thing values (1, 100)'))
  const read = statement('read', 'select amount from thing where id = 1')
  const write = statement('write', 'update thing set amount = ? where id = 1')
  const both = Promise.withResolvers<void>()
  let reads = 0
  const minusTen = () =>
    database.transaction(async (tx) => {
      const [row] = await tx.query<{ amount: number }>(read)
      reads += 1
      if (reads === 2) both.resolve()
      await both.promise
      await tx.change(write, [(row?.amount ?? 0) - 10])
    })
  await Promise.all([minusTen(), minusTen()])
  t.is(reads, 3)
  t.deepEqual(await database.query(read), [{ amount: 80 }])
})

test('who always meets others is told after three tries', async (t) => {
  const { database } = await opened(t)
  await make(database, 'id int primary key, amount bigint')
  await database.change(statement('insert', 'insert into thing values (1, 100)'))
  const read = statement('read', 'select amount from thing where id = 1')
  const write = statement('write', 'update thing set amount = amount + 1 where id = 1')
  let tries = 0
  const work = database.transaction(async (tx) => {
    tries += 1
    await tx.query(read)
    await database.change(write)
    await tx.change(write)
  })
  const error = await t.throwsAsync(work, { message: /orders was faster; nothing was written/ })
  t.like(error, { status: 503, code: 'WRITE_CONFLICT', headers: { 'retry-after': '1' } })
  t.is(tries, 3)
  t.deepEqual(await database.query(read), [{ amount: 103 }])
})

test('READ COMMITTED holds for the one transaction that asks for it', async (t) => {
  const { database } = await opened(t)
  await make(database, 'id int primary key')
  const count = statement('count', 'select count(*) as n from thing')
  const insert = statement('insert', 'insert into thing values (?)')
  let id = 0
  const twice = (wishes?: { isolation: 'read committed' }) =>
    database.transaction(async (tx) => {
      const [before] = await tx.query<{ n: number }>(count)
      await database.change(insert, [(id += 1)])
      const [after] = await tx.query<{ n: number }>(count)
      return (after?.n ?? 0) - (before?.n ?? 0)
    }, wishes)
  t.is(await twice({ isolation: 'read committed' }), 1)
  t.is(await twice(), 0)
})

test('a server with other settings of its own is used in the same way', async (t) => {
  const server = await ownServer('mariadb')
  t.teardown(() => server.stop())
  const servers = addressOf('mariadb', server)
  const { mariadb: admin } = servers
  if (!admin) throw new Error('no MariaDB')
  await asMariadbAdmin(admin, (connection) =>
    connection.query(
      `set global sql_mode = '', time_zone = '+05:00', tx_isolation = 'READ-UNCOMMITTED',
        innodb_snapshot_isolation = off, lc_messages = 'de_DE', innodb_lock_wait_timeout = 50,
        collation_server = 'latin1_swedish_ci', collation_connection = 'latin1_swedish_ci'`,
    ),
  )
  const { database } = await opened(t, servers)
  const text = `select @@sql_mode like '%STRICT_ALL_TABLES%' as strict, @@time_zone as zone,
    @@tx_isolation as isolation, @@innodb_snapshot_isolation as snapshot, @@lc_messages as messages,
    @@innodb_lock_wait_timeout as row_wait, @@character_set_client as charset,
    @@collation_connection as collation, @@autocommit as autocommit`
  t.deepEqual(await database.query(statement('settings', text)), [
    {
      strict: 1,
      zone: '+00:00',
      isolation: 'REPEATABLE-READ',
      snapshot: 1,
      messages: 'en_US',
      row_wait: 1,
      charset: 'utf8mb4',
      collation: 'utf8mb4_nopad_bin',
      autocommit: 1,
    },
  ])
})

test('a login that the server refuses is a 503 and a reason, and ends nothing', async (t) => {
  const { database, running } = await opened(t, started.servers, { MARIADB_ORDERS_USER: 'nobody' })
  const ping = statement('one', 'select 1')
  for (let n = 0; n < 3; n += 1) {
    const error = await t.throwsAsync(database.query(ping))
    t.like(error, { status: 503, code: 'DATABASE_UNAVAILABLE' })
  }
  t.regex((await running.context.life.checks())['mariadb orders'] ?? '', /does not answer/)
})

test('a server that is killed makes the service unready, and is used again when it is back', async (t) => {
  const server = await ownServer('mariadb')
  t.teardown(() => server.stop())
  const { database, running } = await opened(t, addressOf('mariadb', server))
  const ready = async () => (await running.context.life.checks())['mariadb orders']
  await make(database, 'id int primary key')
  const insert = statement('insert', 'insert into thing values (?)')
  await Promise.all(Array.from({ length: 8 }, (_, n) => database.change(insert, [n])))
  t.is(await ready(), 'ok')
  const cut = database.transaction(async (tx) => {
    await tx.change(insert, [100])
    await server.crash()
    await tx.change(insert, [101])
  })
  t.like(await t.throwsAsync(cut), { status: 503, code: 'DATABASE_UNAVAILABLE' })
  t.regex((await ready()) ?? '', /orders does not answer/)
  await server.restart()
  const startedAt = performance.now()
  await until('it is ready again', async () => (await ready()) === 'ok', 5000)
  t.log(`ready again ${Math.round(performance.now() - startedAt)} ms after the server`)
  t.true(performance.now() - startedAt < 2000)
  t.deepEqual(await database.query(statement('count', 'select count(*) as n from thing')), [
    { n: 8 },
  ])
  t.is(await database.change(insert, [100]), 1)
})
