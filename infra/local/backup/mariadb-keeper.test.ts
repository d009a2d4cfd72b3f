import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createConnection, type Connection } from 'mariadb'
import { provisionMariadb } from '../../../services/kit/provision-mariadb.ts'
import { store } from '../../../services/model/store.ts'
import type { Here } from '../addresses.ts'
import { ownServer, type OwnServer } from '../engines/testing.ts'
import { places } from '../paths.ts'
import { engineSecret } from '../sites.ts'
import { mariadbKeeper } from './mariadb-keeper.ts'

const money = store('mariadb', 'money', { summary: 'Books.' })
let server: OwnServer
let here: Here
const folder = mkdtempSync(join(tmpdir(), 'maru-keeper-'))

test.before(async () => {
  server = await ownServer('mariadb')
  const secrets = join(folder, 'secrets')
  mkdirSync(secrets)
  writeFileSync(join(secrets, engineSecret('mariadb')), server.site.password)
  const { supply, ports } = server.site
  here = {
    installation: { supplies: { mariadb: supply }, ports: { mariadb: ports }, replicas: {} },
    where: { ...places(folder), data: folder, secrets },
    topology: { services: [], clients: [], topics: [], stores: [money], scopes: [] },
  }
})

test.after.always(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true })
})

/** A shelf for a copy. */
function shelf(t: ExecutionContext): string {
  const made = mkdtempSync(join(folder, 'shelf-'))
  t.teardown(() => rmSync(made, { recursive: true }))
  return made
}

/** The store as new, and its owner's connection. */
async function filled(t: ExecutionContext): Promise<Connection> {
  const admin = { host: '127.0.0.1', port: server.port, user: 'maru' }
  const { password } = server.site
  const login = { database: 'money', user: 'money', password: 'x' }
  await provisionMariadb({ ...admin, password }, login)
  const owner = await createConnection({ ...admin, ...login, multipleStatements: true })
  t.teardown(() => owner.end())
  await owner.query(`
    set foreign_key_checks = 0; drop table if exists account, posting, late; set foreign_key_checks = 1;
    create table account (id varchar(9) primary key, bytes blob, at datetime(6));
    create table posting (id int auto_increment primary key, account varchar(9) not null,
      amount bigint not null check (amount <> 0), foreign key (account) references account (id));
    insert into account values ('abc', x'00ff27', '2026-03-08 02:30:00.123456'), ('ABC ', null, null), ('돈🐘', '''', null);
    insert into posting (account, amount) values ('abc', 9007199254740993), ('ABC ', -1)`)
  return owner
}

const contents = async (owner: Connection) => ({
  tables: await owner.query<unknown>('show tables'),
  accounts: await owner.query<unknown>(
    'select hex(id) as id, hex(bytes) as bytes, cast(at as char) as at from account order by 1',
  ),
  postings: await owner.query<unknown>('select * from posting order by id'),
})

test.serial('a store comes back as it was, to the byte, and what came later is gone', async (t) => {
  const owner = await filled(t)
  const before = await contents(owner)
  const kept = shelf(t)
  await mariadbKeeper.save(money, here, kept)
  await owner.query(`delete from posting where amount = -1; update account set bytes = 'x';
    create table late (id int); alter table account add column more int`)
  const arrival = await mariadbKeeper.bring(money, here, kept)
  t.notDeepEqual(await contents(owner), before)
  await arrival.take()
  t.deepEqual(await contents(owner), before)
  await t.throwsAsync(owner.query(`insert into posting (account, amount) values ('nobody', 1)`), {
    message: /foreign key/,
  })
  await t.throwsAsync(owner.query(`insert into posting (account, amount) values ('abc', 0)`), {
    message: /CONSTRAINT/,
  })
  await owner.query(`insert into posting (account, amount) values ('abc', 1)`)
  t.deepEqual(await owner.query('show databases like ?', ['money%']), [
    { 'Database (money%)': 'money' },
  ])
})

test.serial('a copy sees one moment of all tables, and writers go on meanwhile', async (t) => {
  const owner = await filled(t)
  // Copying the accounts takes a while, in which postings are made.
  await owner.query(
    `insert into account select concat('x', seq), repeat('x', 500), null from seq_1_to_30000`,
  )
  const kept = shelf(t)
  let written = 0
  let saved = false
  const writing = (async () => {
    for (; !saved; written += 1) {
      await owner.query('start transaction')
      await owner.query('insert into account (id) values (?)', [`new${written}`])
      await owner.query('insert into posting (account, amount) values (?, 1)', [`new${written}`])
      await owner.query('commit')
    }
  })()
  await mariadbKeeper.save(money, here, kept)
  saved = true
  await writing
  await (await mariadbKeeper.bring(money, here, kept)).take()
  const [counts] = await owner.query<{ accounts: bigint; postings: bigint }[]>(
    `select (select count(*) from account where id like 'new%') as accounts,
      (select count(*) from posting where account like 'new%') as postings`,
  )
  t.log(`${written} transactions meanwhile, ${counts?.postings} of them in the copy`)
  t.is(counts?.accounts, counts?.postings)
  t.true(written > Number(counts?.postings))
})

test.serial('a copy that is cut short or is no SQL changes nothing', async (t) => {
  const owner = await filled(t)
  const before = await contents(owner)
  const kept = shelf(t)
  await mariadbKeeper.save(money, here, kept)
  const dump = join(kept, 'database.sql')
  const text = readFileSync(dump, 'utf8')
  writeFileSync(dump, text.replace('INSERT INTO `posting`', 'INSERT INTO `nowhere`'))
  await t.throwsAsync(mariadbKeeper.bring(money, here, kept), { message: /nowhere/ })
  writeFileSync(dump, text)
  truncateSync(dump, Buffer.byteLength(text.slice(0, text.indexOf('INSERT INTO `posting`'))))
  await t.throwsAsync(mariadbKeeper.bring(money, here, kept), { message: /cut short/ })
  t.deepEqual(await contents(owner), before)
  t.deepEqual(await owner.query('show databases like ?', ['money%']), [
    { 'Database (money%)': 'money' },
  ])
})

test.serial('a copy that arrived and is not wanted is forgotten', async (t) => {
  const owner = await filled(t)
  const before = await contents(owner)
  const kept = shelf(t)
  await mariadbKeeper.save(money, here, kept)
  await (await mariadbKeeper.bring(money, here, kept)).drop()
  t.deepEqual(await contents(owner), before)
})
