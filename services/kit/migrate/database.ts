import type { Logger } from '../log.ts'
import type { SqlEngine } from '../sql.ts'
import { mariadbTarget } from './mariadb.ts'
import { fileOf, isCut, pendingOf, type Migration } from './plan.ts'
import { postgresTarget } from './postgres.ts'
import type { SqlLogin, Target } from './target.ts'

/** Migrations that are numbered on their own. */
export interface MigrationSet {
  readonly namespace: string
  readonly migrations: readonly Migration[]
}

const targets: Readonly<Record<SqlEngine, (login: SqlLogin) => Promise<Target>>> = {
  postgres: postgresTarget,
  mariadb: mariadbTarget,
}

/**
 * Brings a database up to date. Replicas may race. In Postgres a file is one transaction; in MariaDB, where each change
 * of a table commits by itself, one that was cut is resumed at the statement that was not done.
 * @returns how many files this call applied
 * @throws MigrationError when files and database disagree, or a file could not be resumed
 */
export function migrate(
  login: SqlLogin,
  sets: readonly MigrationSet[],
  log: Logger,
): Promise<number> {
  return connected(login, async (target) => {
    for (const { namespace, migrations } of sets)
      for (const migration of migrations) target.check(namespace, migration)
    await target.prepare()
    let count = 0
    for (const { namespace, migrations } of sets) {
      const pending = pendingOf(namespace, migrations, await target.applied(namespace))
      for (const migration of pending) {
        if (!(await target.apply(namespace, migration, log))) continue
        log.info({ namespace, migration: fileOf(migration) }, 'migrated')
        count += 1
      }
    }
    return count
  })
}

/** Names of the files that a database still lacks. @throws MigrationError when files and database disagree */
export function behindBy(login: SqlLogin, sets: readonly MigrationSet[]): Promise<string[]> {
  return connected(login, async (target) => {
    const behind: string[] = []
    for (const { namespace, migrations } of sets) {
      const applied = await target.applied(namespace)
      const pending = pendingOf(namespace, migrations, applied)
      const rest = ({ version }: Migration) => (isCut(applied, version) ? ' (the rest of it)' : '')
      behind.push(...pending.map((one) => `${namespace}/${fileOf(one)}${rest(one)}`))
    }
    return behind
  })
}

async function connected<Value>(
  login: SqlLogin,
  work: (target: Target) => Promise<Value>,
): Promise<Value> {
  const target = await targets[login.engine](login)
  try {
    return await work(target)
  } finally {
    await target.close().catch(() => undefined)
  }
}
