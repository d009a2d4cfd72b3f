import { createConnection, type Connection } from 'mariadb'
import type { Logger } from '../log.ts'
import { closed } from '../mariadb/closed.ts'
import { judge } from '../mariadb/errors.ts'
import { greeting } from '../mariadb/greeting.ts'
import { checksumOf, fileOf, MigrationError, type Applied, type Migration } from './plan.ts'
import { stepsOf, type Step } from './statements.ts'
import {
  lockWaitSeconds,
  statementSeconds,
  withLockRetries,
  type SqlLogin,
  type Target,
} from './target.ts'

const limits = {
  statement: statementSeconds,
  row: lockWaitSeconds,
  table: lockWaitSeconds,
  idle: statementSeconds,
}
/** How long a replica waits for another that migrates. */
const turnSeconds = 110

/** `done`: how many statements, while it is not whole; `checksum` is then of those only. */
const createTable = `create table if not exists maru_migrations (
  namespace  varchar(255) not null,
  version    integer      not null,
  name       varchar(255) not null,
  checksum   char(64)     not null,
  done       integer,
  applied_at datetime(6),
  primary key (namespace, version)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin`

/**
 * Each change of a table commits by itself, so a file is done statement by statement, and each is noted. One statement
 * may be done and not noted when the migration is cut: it is done again.
 */
export async function mariadbTarget(login: SqlLogin): Promise<Target> {
  const { host, port, database, user, password } = login
  const connection = await createConnection({
    ...{ host, port, database, user, password },
    connectTimeout: 5000,
    // The server ends a statement by itself; this is for one that was lost with its reply.
    socketTimeout: (statementSeconds + 10) * 1000,
    initSql: greeting(limits),
    collation: 'UTF8MB4_NOPAD_BIN',
    connectAttributes: { program_name: 'maru-migrate' },
    logParam: false,
  })
  connection.on('error', () => undefined) // the failing statement says it too
  return {
    check: (namespace, migration) => void stepsOf(namespace, migration),
    prepare: async () => {
      await takeTurn(connection, database)
      await connection.query(createTable)
    },
    applied: (namespace) => appliedOf(connection, namespace),
    apply: (namespace, migration, log) => apply(connection, { namespace, migration, log }),
    close: () => closed(connection),
  }
}

/** The lock ends with the connection. */
async function takeTurn(connection: Connection, database: string): Promise<void> {
  const text = `select get_lock(left(concat('maru migrate ', database()), 64), ?) as taken`
  const [row] = await connection.query<{ taken: unknown }[]>(text, [turnSeconds])
  if (Number(row?.taken) === 1) return
  throw new Error(
    `Another migration of ${database} has been at work for ${turnSeconds} s; wait for it, or end its connection.`,
  )
}

async function appliedOf(connection: Connection, namespace: string): Promise<Applied[]> {
  const text = `select version, name, checksum, done from maru_migrations where namespace = ? order by version`
  try {
    const rows = await connection.query<Noted[]>(text, [namespace])
    return rows.map(({ done, ...row }) => ({ ...row, ...(done !== null && { cutAfter: done }) }))
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ER_NO_SUCH_TABLE') return []
    throw error
  }
}

interface Noted extends Applied {
  readonly done: number | null
}

interface Work {
  readonly namespace: string
  readonly migration: Migration
  readonly log: Logger
}

async function apply(connection: Connection, work: Work): Promise<boolean> {
  const { namespace, migration } = work
  const { version, name, checksum } = migration
  const steps = stepsOf(namespace, migration)
  const begun = (await appliedOf(connection, namespace)).find((row) => row.version === version)
  if (begun && begun.cutAfter === undefined) return false
  if (begun) resume(work, steps, begun)
  else {
    const insert = `insert into maru_migrations (namespace, version, name, checksum, done) values (?, ?, ?, ?, 0)`
    await connection.query(insert, [namespace, version, name, checksumOfFirst(steps, 0)])
  }
  for (let done = begun?.cutAfter ?? 0; done < steps.length; done += 1)
    await withLockRetries(isLocked, () => doStep(connection, { namespace, version, steps, done }))
  const whole = `update maru_migrations set name = ?, checksum = ?, done = null, applied_at = now(6)
    where namespace = ? and version = ?`
  await connection.query(whole, [name, checksum, namespace, version])
  return true
}

function resume({ namespace, migration, log }: Work, steps: readonly Step[], begun: Applied): void {
  const { cutAfter = 0, checksum } = begun
  if (checksumOfFirst(steps, cutAfter) !== checksum)
    throw new MigrationError(
      `Migration ${fileOf(migration)} of ${namespace} was cut after ${cutAfter} statements, and one of those was edited since; restore them, and edit only what comes after.`,
    )
  const what = { namespace, migration: fileOf(migration), done: cutAfter, of: steps.length }
  log.warn(what, 'a migration that was cut is resumed')
}

async function doStep(
  connection: Connection,
  at: { namespace: string; version: number; steps: readonly Step[]; done: number },
): Promise<void> {
  const { namespace, version, steps, done } = at
  const step = steps[done]
  if (!step) return
  const note = `update maru_migrations set done = ?, checksum = ? where namespace = ? and version = ?`
  const noted = [done + 1, checksumOfFirst(steps, done + 1), namespace, version]
  if (step.transactional) await connection.query('start transaction')
  try {
    await connection.query(step.text)
    await connection.query(note, noted)
    if (step.transactional) await connection.query('commit')
  } catch (error) {
    if (step.transactional) await connection.query('rollback').catch(() => undefined)
    throw error
  }
}

const checksumOfFirst = (steps: readonly Step[], count: number): string =>
  checksumOf(
    steps
      .slice(0, count)
      .map(({ text }) => text)
      .join(';\n'),
  )

const isLocked = (error: unknown): boolean => judge(error).kind === 'locked'
