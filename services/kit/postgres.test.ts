import test from 'ava'
import { testServers } from '../../infra/local/engines/testing.ts'
import type { Context } from './context.ts'
import { postgres, statement, type Postgres } from './postgres.ts'
import { composed, orders, seller, shop } from './testing/shop.ts'
import { bench } from './testing.ts'

let database: Postgres
let stop: () => Promise<void>

test.before(async () => {
  const started = await testServers('postgres')
  const where = await bench(shop, started.servers)
  stop = async () => {
    await where.stop()
    await started.stop()
  }
  const start = composed(async (context: Context<typeof seller>) => {
    database = await postgres(context, orders)
  })
  await where.start(seller, start)
})

test.after.always(() => stop?.())

test('int8 is a number and numeric a string', async (t) => {
  const text =
    'select 5::int8 as small, sum(n)::int8 as sum, 1.10::numeric as money from generate_series(1, 3) n'
  const [row] = await database.query<object>(statement('numbers', text))
  t.deepEqual(row, { small: 5, sum: 6, money: '1.10' })
})

test('an int8 beyond 2^53 throws instead of becoming another number', async (t) => {
  const edge = statement('edge', 'select 9007199254740991::int8 as n')
  t.deepEqual(await database.query<object>(edge), [{ n: 9007199254740991 }])
  await t.throwsAsync(database.query(statement('beyond', 'select 9007199254740993::int8 as n')), {
    message: /9007199254740993 does not fit/,
  })
})

test('what cannot be stored is the client’s mistake', async (t) => {
  await database.change(statement('make', 'create table small (n int4, s varchar(3))'))
  const insert = statement('insert', 'insert into small values ($1, $2)')
  const refused = (values: unknown[], code: string) =>
    t
      .throwsAsync(database.change(insert, values))
      .then((error) => t.like(error, { status: 400, code }))
  await refused([1, 'abcd'], 'VALUE_TOO_LONG')
  await refused([2 ** 31, 'abc'], 'VALUE_OUT_OF_RANGE')
  await refused([1, 'a\0'], 'INVALID_TEXT')
})
