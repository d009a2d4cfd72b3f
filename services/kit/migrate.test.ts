import { fork } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { testServers } from '../../infra/local/engines/testing.ts'
import type { StoreLogin } from './config.ts'
import { createLog } from './log.ts'
import {
  behindBy,
  migrate,
  migrationSetsOf,
  migrationsFrom,
  pendingOf,
  type Applied,
} from './migrate.ts'
import { provisionDatabase } from './provision.ts'
import { composed, seller, sender, shop } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Servers } from './testing.ts'

let servers: Servers
let stopServers: () => Promise<void>
const log = createLog({ service: 'test', instance: 'test', level: 'silent' })

test.before(async () => {
  const started = await testServers('postgres')
  stopServers = started.stop
  servers = started.servers
})

test.after.always(() => stopServers?.())

const first = 'create table one (id int primary key);'
const second = 'create table two (id int primary key); insert into two values (1), (2);'

const setOf = (...texts: string[]) => ({
  namespace: 'things',
  migrations: migrationsFrom(
    'things',
    new Map(texts.map((text, n) => [`000${n + 1}_step.sql`, text])),
  ),
})

/** An empty database of its own. */
async function emptyDatabase(
  t: ExecutionContext,
): Promise<{ login: StoreLogin; client: pg.Client }> {
  const { postgres } = servers
  if (!postgres) throw new Error('no Postgres')
  const name = `m_${Math.random().toString(36).slice(2)}`
  await provisionDatabase(postgres, { database: name, user: name, password: 'x' })
  const login = {
    host: postgres.host,
    port: postgres.port,
    database: name,
    user: name,
    password: 'x',
    caFile: '',
  }
  const client = new pg.Client(login)
  client.on('error', () => undefined)
  await client.connect()
  t.teardown(() => client.end())
  return { login, client }
}

const count = async (client: pg.Client, table: string): Promise<number> =>
  Number((await client.query<{ n: string }>(`select count(*) as n from ${table}`)).rows[0]?.n)

test('files are applied once and in order', async (t) => {
  const { login, client } = await emptyDatabase(t)
  t.is(await migrate(login, [setOf(first)], log), 1)
  t.is(await migrate(login, [setOf(first, second)], log), 1)
  t.is(await migrate(login, [setOf(first, second)], log), 0)
  t.is(await count(client, 'two'), 2)
})

test('four replicas that start at once apply each file once', async (t) => {
  const { login, client } = await emptyDatabase(t)
  const slow = `${first} select pg_sleep(0.3);`
  const counts = await Promise.all(
    Array.from({ length: 4 }, () => migrate(login, [setOf(slow, second)], log)),
  )
  t.is(
    counts.reduce((sum, one) => sum + one, 0),
    2,
  )
  t.is(await count(client, 'two'), 2)
})

test('a file that fails leaves nothing of itself', async (t) => {
  const { login, client } = await emptyDatabase(t)
  const broken = 'create table two (id int primary key); insert into nowhere values (1);'
  await t.throwsAsync(migrate(login, [setOf(first, broken)], log), { message: /nowhere/ })
  await t.throwsAsync(client.query('select 1 from two'))
  t.is(await migrate(login, [setOf(first, second)], log), 1)
})

test('a process that is killed in the middle of a file leaves nothing of it, and the next run succeeds', async (t) => {
  const { login, client } = await emptyDatabase(t)
  const child = fork(new URL('./testing/migrating.ts', import.meta.url), [
    JSON.stringify({ login, text: `${first} select pg_sleep(20);` }),
  ])
  t.teardown(() => child.kill('SIGKILL'))
  const sleeping = `select 1 from pg_stat_activity where datname = $1 and application_name = 'maru-migrate' and query like '%pg_sleep%'`
  await until(
    'the file runs',
    async () => (await client.query(sleeping, [login.database])).rowCount === 1,
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  const end = `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'maru-migrate'`
  await client.query(end, [login.database])
  t.is(await migrate(login, [setOf(first, second)], log), 2)
})

test('a lock that traffic holds is waited for', async (t) => {
  const { login, client } = await emptyDatabase(t)
  await migrate(login, [setOf(first)], log)
  await client.query('begin; lock table one in access share mode')
  const change = migrate(login, [setOf(first, 'alter table one add column at timestamptz;')], log)
  await new Promise((resolve) => setTimeout(resolve, 2500))
  await client.query('commit')
  t.is(await change, 1)
})

const row = (version: number, text: string): Applied => {
  const checksum = migrationsFrom('things', new Map([['0001_step.sql', text]]))[0]?.checksum ?? ''
  return { version, name: 'step', checksum }
}

test('an applied file that was edited is refused with its name', (t) => {
  const { migrations } = setOf('select 2;')
  t.throws(() => pendingOf('things', migrations, [row(1, first)]), {
    message: /0001_step\.sql of things was edited/,
  })
  t.is(pendingOf('things', setOf('a;\r\nb;').migrations, [row(1, 'a;\nb;')]).length, 0)
})

test('an applied file that is missing is refused, a database that is ahead is not', (t) => {
  const { migrations } = setOf(first, second)
  t.throws(() => pendingOf('things', migrations.slice(1), [row(1, first), row(2, second)]), {
    message: /missing/,
  })
  t.is(pendingOf('things', migrations, [row(1, first), row(2, second), row(3, 'x')]).length, 0)
})

test('a file numbered before an applied one is refused', (t) => {
  const { migrations } = setOf(first, second)
  t.throws(() => pendingOf('things', migrations, [row(2, second)]), { message: /next free number/ })
})

test('file names, gaps, doubles and own transactions are refused', (t) => {
  const refused = (files: [string, string][], message: RegExp) =>
    t.throws(() => migrationsFrom('things', new Map(files)), { message })
  refused([['1_a.sql', '']], /0001_what_it_does/)
  refused([['0002_a.sql', '']], /0001 is missing/)
  refused(
    [
      ['0001_a.sql', ''],
      ['0001_b.sql', ''],
    ],
    /used twice/,
  )
  refused([['0001_a.sql', 'begin;\nselect 1;\ncommit;']], /transaction/)
})

test('a publisher gets an outbox and a consumer an inbox', (t) => {
  t.deepEqual(
    migrationSetsOf(seller).map(({ namespace }) => namespace),
    ['kit outbox', 'seller'],
  )
  t.deepEqual(
    migrationSetsOf(sender).map(({ namespace }) => namespace),
    ['kit inbox', 'sender'],
  )
})

test('with MIGRATE=check a service stays unready, and says why, until its database is migrated', async (t) => {
  const place = await bench(shop, { postgres: servers.postgres } as Servers)
  t.teardown(() => place.stop())
  const start = composed(async () => undefined)
  const { context } = await place.start(seller, start, { env: { MIGRATE: 'check' } })
  const check = async () => (await context.life.checks())['migrations orders']
  t.regex((await check()) ?? '', /lacks kit outbox\/0001_outbox\.sql/)
  const login = context.config.store(seller.stores[0])
  t.is((await behindBy(login, migrationSetsOf(seller))).length, 1)
  await migrate(login, migrationSetsOf(seller), log)
  t.is(await check(), 'ok')
})
