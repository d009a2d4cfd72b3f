import type { EventEmitter } from 'node:events'
import { createPool, type FieldInfo, type Pool, type PoolConnection } from 'mariadb'
import type { Store } from '../../model/store.ts'
import type { StoreLogin } from '../config.ts'
import type { Context } from '../context.ts'
import type { Driver, Session } from '../sql/driver.ts'
import { within } from '../within.ts'
import { judge, silence } from './errors.ts'
import { exact, toSend } from './exact.ts'
import { greeting } from './greeting.ts'
import { turns, type Turns } from './turns.ts'

/** Sixteen as for Postgres; a connection is to be had within the second that a readiness check has. */
const limits = {
  connectionLimit: 16,
  minimumIdle: 0,
  idleTimeout: 60, // s
  acquireTimeout: 900, // ms, as all below
  connectTimeout: 900,
  // Until then a server that is away is tried twice a second; after it with pauses of up to ten seconds.
  initializationTimeout: 2 ** 31,
  answerWithin: 2500,
}

const sessionLimits = { statement: 2, row: 1, table: 2, idle: 5 }

/** The connector's pool behind the mechanism of all SQL stores. */
export function driverOf(context: Context, store: Store, login: StoreLogin): Driver<'mariadb'> {
  const pool = poolOf(context, store, login)
  // The connector gives a connection to who comes at the right moment; under load others would wait for ever.
  const queue = turns(limits.connectionLimit, limits.acquireTimeout)
  return {
    engine: 'mariadb',
    connect: async () => {
      await queue.take()
      try {
        return sessionOf(await pool.getConnection(), queue)
      } catch (error) {
        queue.give()
        throw error
      }
    },
    standing: () => ({
      idle: pool.idleConnections(),
      used: pool.activeConnections(),
      waiting: queue.waiting + pool.taskQueueSize(),
      max: limits.connectionLimit,
    }),
    judge,
    end: () => pool.end(),
  }
}

function poolOf({ log, instance }: Context, { name }: Store, login: StoreLogin): Pool {
  const { host, port, database, user, password } = login
  const pool = createPool({
    ...limits,
    ...{ host, port, database, user, password },
    initSql: greeting(sessionLimits),
    collation: 'UTF8MB4_NOPAD_BIN',
    connectAttributes: { program_name: instance },
    dateStrings: true,
    keepAliveDelay: 10_000,
    // Values are nobody's business who reads a log.
    logParam: false,
  })
  // The pool lives through both by itself. Its types leave the first event out.
  const failures = pool as unknown as EventEmitter
  failures.on('error', (err) => log.warn({ err, store: name }, 'no database connection to be had'))
  pool.on('connection', (connection) =>
    connection.on('error', (err) => log.warn({ err, store: name }, 'database connection lost')),
  )
  return pool
}

function sessionOf(connection: PoolConnection, queue: Turns): Session {
  const say = (text: string) => inTime(connection.query<unknown>(text))
  return {
    run: async ({ text }, values) => {
      const result = await inTime(connection.execute<Result>(text, toSend(values)))
      return Array.isArray(result)
        ? { rows: exact(result, result.meta), count: result.length }
        : { rows: [], count: result.affectedRows }
    },
    begin: async (isolation) => {
      const chosen =
        isolation === undefined ? [] : [say(`set transaction isolation level ${isolation}`)]
      // Both are on their way before the first is answered.
      await Promise.all([...chosen, say('start transaction')])
    },
    commit: () => say('commit'),
    rollback: () => say('rollback'),
    release: async (reusable) => {
      if (!reusable) connection.destroy()
      // It may say ROLLBACK first, and meet a server that is away.
      else await inTime(connection.release()).catch(() => connection.destroy())
      queue.give()
    },
  }
}

type Result =
  | (Record<string, unknown>[] & { readonly meta: readonly FieldInfo[] })
  | { readonly affectedRows: number }

const inTime = <Value>(answer: Promise<Value>): Promise<Value> =>
  within(answer, limits.answerWithin, silence)
