import { fork } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { createConnection } from 'mariadb'
import pg from 'pg'
import { testServers } from '../../infra/local/engines/testing.ts'
import { createLog } from './log.ts'
import {
  behindBy,
  migrate,
  migrationSetsOf,
  migrationsFrom,
  pendingOf,
  type Applied,
  type SqlLogin,
} from './migrate.ts'
import { provisionMariadb } from './provision-mariadb.ts'
import { provisionDatabase } from './provision.ts'
import type { SqlEngine } from './sql.ts'
import { endConnections } from './testing/end-connections.ts'
import { composed, shopOn } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Servers } from './testing.ts'

let servers: Servers
let stopServers: () => Promise<void>
const log = createLog({ service: 'test', instance: 'test', level: 'silent' })

test.before(async () => {
  const started = await testServers('postgres', 'mariadb')
  stopServers = started.stop
  servers = started.servers
})

test.after.always(() => stopServers?.())

const first = 'create table if not exists one (id int primary key);'
const second =
  'create table if not exists two (id int primary key); insert into two values (1), (2);'

const setOf = (...texts: string[]) => ({
  namespace: 'things',
  migrations: migrationsFrom(
    'things',
    new Map(texts.map((text, n) => [`000${n + 1}_step.sql`, text])),
  ),
})

/** Runs a statement as the owner of the database. */
type Ask = (text: string) => Promise<readonly object[]>

/** What the tests say to each engine. */
const dialects = {
  postgres: {
    provision: provisionDatabase,
    enter: async (t: ExecutionContext, login: SqlLogin): Promise<Ask> => {
      const client = new pg.Client(login)
      client.on('error', () => undefined)
      await client.connect()
      t.teardown(() => client.end())
      return async (text) => (await client.query<object>(text)).rows
    },
    sleep: (seconds: number) => `select pg_sleep(${seconds})`,
    hold: ['begin', 'lock table one in access share mode'],
    busy: (
      what: string,
    ) => `select pid as id from pg_stat_activity where datname = current_database()
      and application_name = 'maru-migrate' and state = 'active' and ${what}`,
    sleeping: `query like '%pg_sleep%'`,
    waiting: `wait_event_type = 'Lock'`,
  },
  mariadb: {
    provision: provisionMariadb,
    enter: async (t: ExecutionContext, login: SqlLogin): Promise<Ask> => {
      const { host, port, user, password, database } = login
      const connection = await createConnection({ host, port, user, password, database })
      connection.on('error', () => undefined)
      t.teardown(() => connection.end())
      return (text) => connection.query<object[]>(text)
    },
    sleep: (seconds: number) => `select sleep(${seconds})`,
    hold: ['start transaction', 'select * from one'],
    busy: (what: string) => `select id from information_schema.processlist
      where db = database() and id <> connection_id() and ${what}`,
    sleeping: `info like '%sleep%'`,
    waiting: `state like 'Waiting for table metadata lock'`,
  },
}

/** An empty database of its own. */
async function emptyDatabase(t: ExecutionContext, engine: SqlEngine) {
  const server = servers[engine]
  if (!server) throw new Error(`no ${engine}`)
  const name = `m_${Math.random().toString(36).slice(2)}`
  const { provision, enter } = dialects[engine]
  await provision(server, { database: name, user: name, password: 'x' })
  const { host, port } = server
  const login = { engine, host, port, database: name, user: name, password: 'x', caFile: '' }
  const ask = await enter(t, login)
  const count = async (table: string): Promise<number> =>
    Number(((await ask(`select count(*) as n from ${table}`)) as { n: unknown }[])[0]?.n)
  /** Connections at work in that way, by their ids. */
  const busy = async (what: string): Promise<readonly number[]> =>
    ((await ask(dialects[engine].busy(what))) as { id: unknown }[]).map(({ id }) => Number(id))
  return { login, ask, count, busy }
}

/** A process that applies a file, killed while it sleeps in it; nothing of it is left on the server. */
async function killedWhile(
  t: ExecutionContext,
  { login, busy }: Awaited<ReturnType<typeof emptyDatabase>>,
  text: string,
): Promise<void> {
  const migrating = new URL('./testing/migrating.ts', import.meta.url)
  const child = fork(migrating, [JSON.stringify({ login, text })])
  t.teardown(() => child.kill('SIGKILL'))
  const { sleeping } = dialects[login.engine]
  await until('the file runs', async () => (await busy(sleeping)).length === 1)
  child.kill('SIGKILL')
  await once(child, 'exit')
  for (const id of await busy(sleeping)) await endConnections(servers, login, id)
  await until('its connection is gone', async () => (await busy(sleeping)).length === 0)
}

for (const engine of ['postgres', 'mariadb'] as const) {
  const { sleep, hold, waiting } = dialects[engine]
  const law = (title: string, holds: (t: ExecutionContext) => Promise<void>) =>
    test(`${engine}: ${title}`, holds)

  law('files are applied once and in order', async (t) => {
    const { login, count } = await emptyDatabase(t, engine)
    t.is(await migrate(login, [setOf(first)], log), 1)
    t.is(await migrate(login, [setOf(first, second)], log), 1)
    t.is(await migrate(login, [setOf(first, second)], log), 0)
    t.is(await count('two'), 2)
  })

  law('four replicas that start at once apply each file once', async (t) => {
    const { login, count } = await emptyDatabase(t, engine)
    const slow = `${first} ${sleep(0.3)};`
    const counts = await Promise.all(
      Array.from({ length: 4 }, () => migrate(login, [setOf(slow, second)], log)),
    )
    t.is(
      counts.reduce((sum, one) => sum + one, 0),
      2,
    )
    t.is(await count('two'), 2)
  })

  law('a lock that traffic holds is waited for', async (t) => {
    const { login, ask } = await emptyDatabase(t, engine)
    await migrate(login, [setOf(first)], log)
    for (const text of hold) await ask(text)
    const other = await dialects[engine].enter(t, login)
    const isWaiting = async () => (await other(dialects[engine].busy(waiting))).length > 0
    const more = 'alter table one add column if not exists at int;'
    const change = migrate(login, [setOf(first, more)], log)
    await until('it waits', isWaiting)
    await until('it lets others pass', async () => !(await isWaiting()))
    await ask('commit')
    t.is(await change, 1)
  })

  law('with MIGRATE=check a service is unready until its database is migrated', async (t) => {
    const { seller, shop } = shopOn(engine)
    const place = await bench(shop, { [engine]: servers[engine] })
    t.teardown(() => place.stop())
    const start = composed(async () => undefined)
    const { context } = await place.start(seller, start, { env: { MIGRATE: 'check' } })
    const check = async () => (await context.life.checks())['migrations orders']
    // On a busy machine a check may be over before the database has answered.
    await until('what it lacks', async () =>
      /lacks kit outbox\/0001_outbox\.sql/.test((await check()) ?? ''),
    )
    const login = { engine, ...context.config.store(seller.stores[0]) }
    t.is((await behindBy(login, migrationSetsOf(seller))).length, 1)
    await migrate(login, migrationSetsOf(seller), log)
    await until('all is there', async () => (await check()) === 'ok')
  })

  test(`${engine}: a publisher gets an outbox and a consumer an inbox`, (t) => {
    const { seller, sender } = shopOn(engine)
    const namespaces = (one: typeof seller | typeof sender) =>
      migrationSetsOf(one).map(({ namespace }) => namespace)
    t.deepEqual(namespaces(seller), ['kit outbox', 'seller'])
    t.deepEqual(namespaces(sender), ['kit inbox', 'sender'])
    t.true(migrationSetsOf(seller)[0]?.migrations[0]?.text.includes('create table'))
  })
}

const broken = `${second} insert into nowhere values (1);`

test('postgres: a file that fails leaves nothing of itself', async (t) => {
  const { login, ask } = await emptyDatabase(t, 'postgres')
  await t.throwsAsync(migrate(login, [setOf(first, broken)], log), { message: /nowhere/ })
  await t.throwsAsync(ask('select 1 from two'))
  t.is(await migrate(login, [setOf(first, second)], log), 1)
})

test('postgres: a process that is killed in a file leaves nothing of it, and the next run succeeds', async (t) => {
  const database = await emptyDatabase(t, 'postgres')
  await killedWhile(t, database, `${first} select pg_sleep(20);`)
  t.is(await migrate(database.login, [setOf(first, second)], log), 2)
})

test('mariadb: a file that fails is told with what is left of it, and goes on where it was mended', async (t) => {
  const { login, count } = await emptyDatabase(t, 'mariadb')
  await t.throwsAsync(migrate(login, [setOf(first, broken)], log), { message: /nowhere/ })
  t.is(await count('two'), 2)
  t.deepEqual(await behindBy(login, [setOf(first, broken)]), [
    'things/0002_step.sql (the rest of it)',
  ])
  const edited = broken.replace('(1), (2)', '(3)')
  await t.throwsAsync(migrate(login, [setOf(first, edited)], log), {
    message: /0002_step\.sql of things was cut after 2 statements, and one of those was edited/,
  })
  const mended = broken.replace('nowhere values (1)', 'one values (7)')
  t.is(await migrate(login, [setOf(first, mended)], log), 1)
  t.is(await count('two'), 2)
  t.is(await count('one'), 1)
  t.deepEqual(await behindBy(login, [setOf(first, mended)]), [])
  await t.throwsAsync(migrate(login, [setOf(first, broken)], log), { message: /was edited after/ })
})

test('mariadb: a process that is killed in a file is taken up again, and nothing is done twice', async (t) => {
  const database = await emptyDatabase(t, 'mariadb')
  const { login, ask, count } = database
  const text = (seconds: number) => `${second}
    alter table two add column if not exists at int, add index if not exists two_at (at);
    update two set at = coalesce(at, 0) + 1;
    select sleep(${seconds});
    create table if not exists three (id int primary key);`
  await killedWhile(t, database, text(20))
  t.deepEqual(await behindBy(login, [setOf(text(20))]), ['things/0001_step.sql (the rest of it)'])
  t.deepEqual(await ask('select done from maru_migrations'), [{ done: 4 }])
  t.is(await migrate(login, [setOf(text(0))], log), 1)
  t.is(await count('three'), 0)
  t.deepEqual(await ask('select id, at from two'), [
    { id: 1, at: 1 },
    { id: 2, at: 1 },
  ])
})

test('mariadb: a change that was made and not noted is made again, which changes nothing', async (t) => {
  const { login, ask } = await emptyDatabase(t, 'mariadb')
  const text = `${first} alter table one add column if not exists at int;`
  await ask('create table one (id int primary key, at int)')
  t.is(await migrate(login, [setOf(text)], log), 1)
})

test('mariadb: a file that could not be resumed is refused before anything is done', async (t) => {
  const { login, ask } = await emptyDatabase(t, 'mariadb')
  const refused = async (text: string) => {
    const error = await t.throwsAsync(migrate(login, [setOf(first, text)], log), {
      message: /done twice/,
    })
    t.regex(error?.message ?? '', /0002_step\.sql of things .*"if \[not\] exists"/)
  }
  await refused('create table two (id int);')
  await refused('alter table one add column at int;')
  await refused('alter table one add column if not exists at int, drop column old;')
  await refused('drop table one;')
  await refused("create table `if not exists` (id int comment 'if not exists');")
  await refused('create or replace\n trigger t before insert on one for each row set @a = 1;')
  await refused('create or replace view v as select 1;')
  await refused('-- create table if not exists\ncreate index one_at on one (at);')
  t.deepEqual(await ask('show tables'), [])
})

test('mariadb: semicolons and quotes in texts and comments end no statement', async (t) => {
  const { login, ask } = await emptyDatabase(t, 'mariadb')
  const text = `-- it's; a comment
    create table if not exists \`a;b\` (s varchar(99) comment 'it''s; \\'quoted\\'') /* ; ' */;
    # another; "one
    insert into \`a;b\` values ("x;y'"), ('-- no comment'), ('# nor this /* or this');`
  t.is(await migrate(login, [setOf(text)], log), 1)
  t.deepEqual(await ask('select s from `a;b` order by s'), [
    { s: '# nor this /* or this' },
    { s: '-- no comment' },
    { s: "x;y'" },
  ])
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
