import test from 'ava'
import { createConnection } from 'mariadb'
import { ownServer, type OwnServer } from '../../infra/local/engines/testing.ts'
import { provisionMariadb } from './provision-mariadb.ts'

let server: OwnServer
test.before(async () => {
  server = await ownServer('mariadb')
})
test.after.always(() => server?.stop())

const at = () => ({ host: '127.0.0.1', port: server.port })
const provision = (database: string, password: string, reader?: string) =>
  provisionMariadb(
    { ...at(), user: 'maru', password: server.site.password },
    {
      ...{ database, user: database, password },
      ...(reader !== undefined && { reader: { user: `${database}_reader`, password: reader } }),
    },
  )

/** What came of statements of a user: 'done' or the error's code. */
async function tries(user: string, password: string, ...texts: string[]): Promise<string[]> {
  const connection = await createConnection({ ...at(), user, password })
  const results: string[] = []
  for (const text of texts)
    results.push(
      await connection.query(text).then(
        () => 'done',
        (error: unknown) => String((error as { code?: unknown }).code),
      ),
    )
  await connection.end()
  return results
}

test.serial(
  'an owner has its database and no other, also where a blank letter would fit',
  async (t) => {
    await provision('a_b', 'pass')
    await provision('axb', 'pass')
    await provision('a_b', "new 'pass\\")
    await t.throwsAsync(tries('a_b', 'pass'), { message: /Access denied/ })
    const said = await tries(
      'a_b',
      "new 'pass\\",
      'create table a_b.t (id varchar(9) primary key)',
      "insert into a_b.t values ('a'), ('A'), ('a ')",
      'create table axb.t (id int)',
      'select * from mysql.user',
      'create database other',
      "create user 'x'@'%'",
      'set global max_connections = 1',
    )
    const denied = 'ER_DBACCESS_DENIED_ERROR'
    t.deepEqual(said.slice(0, 4), [
      'done',
      'done',
      'ER_TABLEACCESS_DENIED_ERROR',
      'ER_TABLEACCESS_DENIED_ERROR',
    ])
    t.deepEqual(said.slice(4), [
      denied,
      'ER_SPECIFIC_ACCESS_DENIED_ERROR',
      'ER_SPECIFIC_ACCESS_DENIED_ERROR',
    ])
  },
)

test.serial('a reader reads all tables, those to come included, and changes nothing', async (t) => {
  await provision('books', 'own', 'read')
  await provision('other', 'own')
  const made = 'create table books.t (id int)'
  t.deepEqual(await tries('books', 'own', made, 'insert into books.t values (1)'), ['done', 'done'])
  const said = await tries(
    'books_reader',
    'read',
    'select * from books.t',
    'insert into books.t values (2)',
    'create table books.u (id int)',
    'select * from other.t',
  )
  t.is(said[0], 'done')
  t.true(
    said.slice(1).every((code) => code.includes('DENIED')),
    said.join(' '),
  )
})
