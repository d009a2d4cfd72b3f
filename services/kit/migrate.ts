import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Tracer } from '@opentelemetry/api'
import { folderOf, type Service } from '../model/service.ts'
import type { Store } from '../model/store.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import { createLog } from './log.ts'
import { behindBy, migrate, type MigrationSet } from './migrate/database.ts'
import { migrationsFrom } from './migrate/plan.ts'
import type { SqlLogin } from './migrate/target.ts'
import { inSpan, SpanKind } from './spans.ts'
import type { SqlEngine } from './sql.ts'

export { behindBy, migrate, type MigrationSet } from './migrate/database.ts'
export type { SqlLogin } from './migrate/target.ts'
export { migrationsFrom, pendingOf } from './migrate/plan.ts'
export type { Applied } from './migrate/plan.ts'

/**
 * At the start of a service that owns a database: `MIGRATE=start` migrates, `MIGRATE=check` only compares and
 * keeps the service unready while its database is behind.
 */
export async function migrateAtStart(context: Context): Promise<void> {
  const { config, life, log, service } = context
  const store = databaseOf(service)
  if (!store) return
  const sets = migrationSetsOf(service)
  const login = loginOf(store, config)
  if (config.text('MIGRATE') === 'start') {
    await migrate(login, sets, log)
    return
  }
  let upToDate = false
  life.check(`migrations ${store.name}`, async () => {
    if (upToDate) return
    const behind = await behindBy(login, sets)
    if (behind.length > 0) throw new Error(`the database lacks ${behind.join(', ')}`)
    upToDate = true
  })
}

/** `main.ts migrate`: migrates and ends. */
export async function migrateOnly(service: Service, config: Config, tracer: Tracer): Promise<void> {
  const store = databaseOf(service)
  const log = createLog({
    service: service.name,
    instance: config.text('INSTANCE'),
    level: config.text('LOG_LEVEL'),
  })
  const count = await inSpan(tracer, 'migrate', { kind: SpanKind.INTERNAL }, () =>
    store ? migrate(loginOf(store, config), migrationSetsOf(service), log) : Promise.resolve(0),
  )
  log.info({ applied: count }, 'migrations are complete')
}

/** A service's own migrations, after those of the kit's tables that it needs. */
export function migrationSetsOf(service: Service): readonly MigrationSet[] {
  const kit = [
    ...(service.publishes.length > 0 ? ['outbox'] : []),
    ...(service.consumes.length > 0 ? ['inbox'] : []),
  ]
  const engine = databaseOf(service)?.engine ?? 'postgres'
  return [
    ...kit.map((table) =>
      readSet(`kit ${table}`, new URL(`./migrations/${table}/${engine}/`, import.meta.url)),
    ),
    readSet(service.name, new URL(`../../${folderOf(service)}/migrations/`, import.meta.url)),
  ]
}

/** Reads a folder of migrations; a service that has none yet has no such folder. */
export function readSet(namespace: string, folder: URL): MigrationSet {
  const files = filesOf(folder).map((file): [string, string] => [
    file,
    readFileSync(new URL(file, folder), 'utf8'),
  ])
  return { namespace, migrations: migrationsFrom(namespace, new Map(files)) }
}

function filesOf(folder: URL): string[] {
  try {
    return readdirSync(fileURLToPath(folder))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const loginOf = (store: Store<SqlEngine>, config: Config): SqlLogin => ({
  engine: store.engine,
  ...config.store(store),
})

function databaseOf(service: Service): Store<SqlEngine> | undefined {
  const [first, second] = service.stores.filter(isDatabase)
  if (second)
    throw new Error(
      `${service.name} owns the databases ${first?.name} and ${second.name}; its migrations would not know which. Give one to another service.`,
    )
  return first
}

const isDatabase = (store: Store): store is Store<SqlEngine> =>
  store.engine === 'postgres' || store.engine === 'mariadb'
