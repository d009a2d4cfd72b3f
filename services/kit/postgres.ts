import pg from 'pg'
import type { Store } from '../model/store.ts'
import type { StoreLogin } from './config.ts'
import type { Context } from './context.ts'
import { judge } from './postgres/errors.ts'
import { types } from './postgres/numbers.ts'
import type { Database } from './sql.ts'
import { openDatabase } from './sql/database.ts'
import type { Driver, Session } from './sql/driver.ts'

export { isUniqueViolation } from './postgres/errors.ts'
export { statement, type Queryable } from './sql.ts'

/** The pool of a Postgres store. Its transactions are READ COMMITTED unless they ask for another isolation. */
export type Postgres = Database<'postgres'>

/** Sixteen were measured faster than large pools; time limits are the reliability baseline. */
const limits = {
  max: 16,
  connectionTimeoutMillis: 1000,
  idleTimeoutMillis: 60_000,
  statement_timeout: 2000,
  // Postgres looks for deadlocks after a second: a lower limit would hide them.
  lock_timeout: 1500,
  idle_in_transaction_session_timeout: 5000,
  query_timeout: 2500,
}

/** Opens the pool of a store: readiness check `postgres <store>`, closed in stage `stores`. */
export async function postgres(context: Context, store: Store<'postgres'>): Promise<Postgres> {
  const login = context.config.store(store)
  return openDatabase(context, store, { driver: driverOf(context, store, login), login })
}

function driverOf(context: Context, store: Store, login: StoreLogin): Driver<'postgres'> {
  const pool = createPool(context, store, login)
  return {
    engine: 'postgres',
    connect: async () => sessionOf(await pool.connect()),
    standing: () => ({
      idle: pool.idleCount,
      used: pool.totalCount - pool.idleCount,
      waiting: pool.waitingCount,
      max: limits.max,
    }),
    judge,
    end: () => pool.end(),
  }
}

function createPool({ log, instance }: Context, store: Store, login: StoreLogin): pg.Pool {
  const pool = new pg.Pool({
    ...login,
    ...limits,
    types,
    keepAlive: true,
    application_name: instance,
  })
  // Without these two listeners a connection that dies idle, or in a transaction, would end the process.
  pool.on('error', (err) => log.warn({ err, store: store.name }, 'idle database connection lost'))
  pool.on('connect', (client) =>
    client.on('error', (err) => log.warn({ err, store: store.name }, 'database connection lost')),
  )
  return pool
}

const sessionOf = (client: pg.PoolClient): Session => ({
  run: async ({ name, text }, values) => {
    const { rows, rowCount } = await client.query<object>({ name, text, values: [...values] })
    return { rows, count: rowCount ?? 0 }
  },
  begin: (isolation) =>
    client.query(isolation === undefined ? 'begin' : `begin isolation level ${isolation}`),
  commit: () => client.query('commit'),
  rollback: () => client.query('rollback'),
  release: (reusable) => client.release(!reusable),
})
