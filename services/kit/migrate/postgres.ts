import pg from 'pg'
import type { Applied, Migration } from './plan.ts'
import {
  lockWaitSeconds,
  statementSeconds,
  withLockRetries,
  type SqlLogin,
  type Target,
} from './target.ts'

const limits = {
  connectionTimeoutMillis: 5000,
  lock_timeout: lockWaitSeconds * 1000,
  statement_timeout: statementSeconds * 1000,
}

const createTable = `create table if not exists maru_migrations (
  namespace  text        not null,
  version    integer     not null,
  name       text        not null,
  checksum   text        not null,
  applied_at timestamptz not null default now(),
  primary key (namespace, version)
)`

/** One transaction per file, DDL included. */
export async function postgresTarget(login: SqlLogin): Promise<Target> {
  const { host, port, database, user, password } = login
  const place = { host, port, database, user, password }
  const client = new pg.Client({ ...place, ...limits, application_name: 'maru-migrate' })
  client.on('error', () => undefined) // the failing query says it too
  await client.connect()
  return {
    check: () => undefined,
    prepare: () => withLockRetries(isLocked, () => createTableOnce(client)),
    applied: (namespace) => appliedOf(client, namespace),
    apply: (namespace, migration) =>
      withLockRetries(isLocked, () => apply(client, namespace, migration)),
    close: () => client.end(),
  }
}

/** Not safe against itself: of two replicas that both see nothing one fails, on the table, its row type or their index. */
async function createTableOnce(client: pg.Client): Promise<void> {
  await client.query(createTable).catch((error: unknown) => {
    if (!['23505', '42P07', '42710'].includes(codeOf(error))) throw error
  })
}

const noSuchTable = '42P01'

async function appliedOf(client: pg.Client, namespace: string): Promise<Applied[]> {
  const text = `select version, name, checksum from maru_migrations where namespace = $1 order by version`
  try {
    return (await client.query<Applied>(text, [namespace])).rows
  } catch (error) {
    if (codeOf(error) === noSuchTable) return []
    throw error
  }
}

/**
 * The row goes in first: a replica that comes second waits at it until the first has committed, then finds it there
 * and does nothing.
 */
async function apply(client: pg.Client, namespace: string, migration: Migration): Promise<boolean> {
  const { version, name, checksum, text } = migration
  await client.query('begin')
  try {
    const insert = `insert into maru_migrations (namespace, version, name, checksum)
      values ($1, $2, $3, $4) on conflict do nothing`
    const { rowCount } = await client.query(insert, [namespace, version, name, checksum])
    if (rowCount === 1) await client.query(text)
    await client.query('commit')
    return rowCount === 1
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

const isLocked = (error: unknown): boolean => codeOf(error) === '55P03'

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '')
