import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { StoreLogin } from '../config.ts'
import type { Logger } from '../log.ts'
import { fileOf, pendingOf, type Applied, type Migration } from './plan.ts'

/** Migrations that are numbered on their own. */
export interface MigrationSet {
  readonly namespace: string
  readonly migrations: readonly Migration[]
}

/** A table lock that traffic holds is waited for shortly and often, so that the waiting blocks nobody for long. */
const limits = { connectionTimeoutMillis: 5000, lock_timeout: 2000, statement_timeout: 120_000 }
const lockAttempts = 30
const lockPauseMs = 500

const createTable = `create table if not exists maru_migrations (
  namespace  text        not null,
  version    integer     not null,
  name       text        not null,
  checksum   text        not null,
  applied_at timestamptz not null default now(),
  primary key (namespace, version)
)`

/**
 * Brings a database up to date: one transaction per file. Replicas may race.
 * @returns how many files this call applied
 * @throws MigrationError when files and database disagree
 */
export function migrate(
  login: StoreLogin,
  sets: readonly MigrationSet[],
  log: Logger,
): Promise<number> {
  return connected(login, async (client) => {
    await withLockRetries(() => createTableOnce(client))
    let count = 0
    for (const { namespace, migrations } of sets) {
      const pending = pendingOf(namespace, migrations, await appliedOf(client, namespace))
      for (const migration of pending) {
        if (!(await withLockRetries(() => apply(client, namespace, migration)))) continue
        log.info({ namespace, migration: fileOf(migration) }, 'migrated')
        count += 1
      }
    }
    return count
  })
}

/** Names of the files that a database still lacks. @throws MigrationError when files and database disagree */
export function behindBy(login: StoreLogin, sets: readonly MigrationSet[]): Promise<string[]> {
  return connected(login, async (client) => {
    const { rows } = await client.query(
      `select to_regclass('maru_migrations') is not null as there`,
    )
    const there = (rows as { there: boolean }[])[0]?.there === true
    const behind: string[] = []
    for (const { namespace, migrations } of sets) {
      const applied = there ? await appliedOf(client, namespace) : []
      const pending = pendingOf(namespace, migrations, applied)
      behind.push(...pending.map((one) => `${namespace}/${fileOf(one)}`))
    }
    return behind
  })
}

async function connected<Value>(
  login: StoreLogin,
  work: (client: pg.Client) => Promise<Value>,
): Promise<Value> {
  const client = new pg.Client({ ...login, ...limits, application_name: 'maru-migrate' })
  client.on('error', () => undefined) // the failing query says it too
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function appliedOf(client: pg.Client, namespace: string): Promise<Applied[]> {
  const text = `select version, name, checksum from maru_migrations where namespace = $1 order by version`
  const { rows } = await client.query<Applied>(text, [namespace])
  return rows
}

/** `if not exists` is not safe against itself: two replicas may both see nothing, and one then fails (23505, 42P07). */
async function createTableOnce(client: pg.Client): Promise<void> {
  await client.query(createTable).catch((error: unknown) => {
    if (!['23505', '42P07'].includes(codeOf(error))) throw error
  })
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

const lockTimedOut = '55P03'

async function withLockRetries<Value>(work: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (codeOf(error) !== lockTimedOut || attempt === lockAttempts) throw error
      await delay(lockPauseMs)
    }
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '')
