import pg from 'pg'
import type { Store } from '../model/store.ts'
import type { StoreLogin } from './config.ts'
import type { Context } from './context.ts'
import { isDefinite, isUnavailable, outcomeUnknown, surfaced } from './postgres/errors.ts'
import { types } from './postgres/numbers.ts'
import { observer, poolConnections, type Observe } from './postgres/observed.ts'

export { isUniqueViolation } from './postgres/errors.ts'

/** A named prepared statement. The name also names its span and its metric. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** Declares a statement, e.g. `statement('title_by_id', 'select … where id = $1')`; names are unique per service. */
export const statement = (name: string, text: string): Statement => ({ name, text })

/** Something that runs statements: the pool (each on its own) or a transaction. */
export interface Queryable {
  /**
   * Rows of a statement. int8 is a number (beyond 2^53 it throws), numeric a string, timestamptz a Date.
   * @throws Problem 503 DATABASE_UNAVAILABLE when the server is away or too slow; other errors as they are.
   *   A write outside of a transaction may have been made nevertheless.
   */
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>
}

/** A store's connection pool. */
export interface Postgres extends Queryable {
  /**
   * Runs `work` in one transaction: the only way to write several statements. What it throws rolls back.
   * @throws Problem 503 OUTCOME_UNKNOWN when the reply to COMMIT was lost
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  /** Calls `listener` after each commit of this process. */
  onCommit(listener: () => void): void
}

/** Sixteen were measured faster than large pools; time limits are the reliability baseline. */
const limits = {
  max: 16,
  connectionTimeoutMillis: 1000,
  idleTimeoutMillis: 60_000,
  statement_timeout: 2000,
  lock_timeout: 1000,
  idle_in_transaction_session_timeout: 5000,
  query_timeout: 2500,
}

const begin = statement('begin', 'begin')
const commit = statement('commit', 'commit')
const rollback = statement('rollback', 'rollback')
const ping = statement('ping', 'select 1')

/** Opens the pool of a store: readiness check `postgres <store>`, closed in stage `stores`. */
export async function postgres(context: Context, store: Store<'postgres'>): Promise<Postgres> {
  const { config, life, instance } = context
  const login = config.store(store)
  const pool = createPool(context, store, { login, instance })
  const connections = { pool, store: store.name, observe: observer(context, store, login) }
  const prepared = uniqueNames(store.name)
  const listeners: (() => void)[] = []
  life.onStop('stores', `postgres ${store.name}`, () => pool.end())
  const query: Postgres['query'] = (wanted, values = []) =>
    borrow(connections, async (client) => ({
      value: await run<never>(client, connections, prepared(wanted), values),
    }))
  life.check(`postgres ${store.name}`, async () => void (await query(ping)))
  return {
    query,
    onCommit: (listener) => void listeners.push(listener),
    transaction: async (work) => {
      const result = await transact(connections, (client) =>
        work({
          query: (wanted, values = []) => run(client, connections, prepared(wanted), values),
        }),
      )
      for (const listener of listeners) listener()
      return result
    },
  }
}

interface Connections {
  readonly pool: pg.Pool
  readonly store: string
  readonly observe: Observe
}

function createPool(
  { log, meter }: Context,
  store: Store,
  { login, instance }: { login: StoreLogin; instance: string },
): pg.Pool {
  const pool = new pg.Pool({
    ...login,
    ...limits,
    types,
    keepAlive: true,
    application_name: instance,
  })
  const count = (state: string, read: () => number): void =>
    meter.sampled(poolConnections, { store: store.name, state }, read)
  count('idle', () => pool.idleCount)
  count('used', () => pool.totalCount - pool.idleCount)
  count('waiting', () => pool.waitingCount)
  count('max', () => limits.max)
  // Without these two listeners a connection that dies idle, or in a transaction, would end the process.
  pool.on('error', (err) => log.warn({ err, store: store.name }, 'idle database connection lost'))
  pool.on('connect', (client) =>
    client.on('error', (err) => log.warn({ err, store: store.name }, 'database connection lost')),
  )
  return pool
}

/** pg would notice one name with two texts only when both meet on one connection. */
function uniqueNames(store: string): (wanted: Statement) => Statement {
  const texts = new Map<string, string>()
  return (wanted) => {
    const known = texts.get(wanted.name)
    if (known === undefined) texts.set(wanted.name, wanted.text)
    else if (known !== wanted.text)
      throw new Error(
        `Two statements of ${store} are named "${wanted.name}"; rename one, names are prepared once.`,
      )
    return wanted
  }
}

async function run<Row>(
  client: pg.PoolClient,
  { observe, store }: Connections,
  wanted: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  try {
    const { name, text } = wanted
    const sent = { name, text, values: [...values] }
    const result = await observe(wanted, () => client.query<Row & pg.QueryResultRow>(sent))
    return result.rows
  } catch (error) {
    throw surfaced(store, error)
  }
}

/** What came of work on a connection; after a `failure` the connection is healthy all the same. */
type Outcome<Value> = { readonly value: Value } | { readonly failure: unknown }

/** A connection for one piece of work; after an error it is not used again. */
async function borrow<Value>(
  { pool, store }: Connections,
  work: (client: pg.PoolClient) => Promise<Outcome<Value>>,
): Promise<Value> {
  const client = await pool.connect().catch((error: unknown) => {
    throw surfaced(store, error)
  })
  let outcome: Outcome<Value>
  try {
    outcome = await work(client)
  } catch (error) {
    client.release(error instanceof Error ? error : true)
    throw error
  }
  client.release()
  if ('failure' in outcome) throw outcome.failure
  return outcome.value
}

const transact = <Value>(
  connections: Connections,
  work: (client: pg.PoolClient) => Promise<Value>,
): Promise<Value> =>
  borrow(connections, async (client) => {
    const outcome = await workedOrRolledBack(connections, client, work)
    if ('value' in outcome) await commitOn(connections, client)
    return outcome
  })

/** A refusal of the domain leaves a clean connection behind; an error of the database may not. */
async function workedOrRolledBack<Value>(
  { store }: Connections,
  client: pg.PoolClient,
  work: (client: pg.PoolClient) => Promise<Value>,
): Promise<Outcome<Value>> {
  try {
    await client.query(begin.text)
    return { value: await work(client) }
  } catch (error) {
    const cleaned = await client.query(rollback.text).then(
      () => true,
      () => false,
    )
    if (!cleaned || error instanceof pg.DatabaseError || isUnavailable(error))
      throw surfaced(store, error)
    return { failure: error }
  }
}

async function commitOn({ observe, store }: Connections, client: pg.PoolClient): Promise<void> {
  const { command } = await observe(commit, () => client.query(commit.text)).catch(
    (error: unknown) => {
      throw isDefinite(error) ? error : outcomeUnknown(store, error)
    },
  )
  // Postgres answers COMMIT with ROLLBACK, and without an error, when a statement's failure was swallowed.
  if (command !== 'COMMIT')
    throw new Error(
      `A transaction on ${store} went on after a failed statement; nothing was written.`,
    )
}
