import type { StoreKind } from '../services/model/store.ts'

/** Who watches the servers of an engine. The local run's name stands first, the cluster's second where it differs. */
export interface Watcher {
  /** Scrape jobs of whoever exports the servers' numbers. */
  readonly jobs: readonly string[]
  /** 1 while the server answers who exports its numbers. */
  readonly up: readonly string[]
}

/** OpenSearch has no exporter: what its clients measure is what is known of it. */
export const watchers = {
  postgres: { jobs: ['postgres-exporter', 'postgres'], up: ['pg_up', 'cnpg_collector_up'] },
  mariadb: { jobs: ['mariadb-exporter', 'mariadb-metrics'], up: ['mysql_up'] },
  redis: { jobs: ['redis-exporter', 'redis'], up: ['redis_up'] },
} as const satisfies Partial<Record<StoreKind, Watcher>>

/** Who watches the servers of an engine, where anybody does. */
export const watcherOf = (engine: StoreKind): Watcher | undefined =>
  (watchers as Partial<Record<StoreKind, Watcher>>)[engine]

/** CloudNativePG exports by itself, under names of its own; both are counters of the same things. */
export const postgresSeries = {
  commits: ['pg_stat_database_xact_commit', 'cnpg_pg_stat_database_xact_commit'],
  rollbacks: ['pg_stat_database_xact_rollback', 'cnpg_pg_stat_database_xact_rollback'],
  connections: ['pg_stat_activity_count', 'cnpg_backends_total'],
  size: ['pg_database_size_bytes', 'cnpg_pg_database_size_bytes'],
} as const

export const mariadbSeries = {
  queries: 'mysql_global_status_queries',
  connections: 'mysql_global_status_threads_connected',
  connectionLimit: 'mysql_global_variables_max_connections',
  rowLockWaits: 'mysql_global_status_innodb_row_lock_waits',
} as const

export const redisSeries = {
  commands: 'redis_commands_total',
  memory: 'redis_memory_used_bytes',
  memoryLimit: 'redis_memory_max_bytes',
  clients: 'redis_connected_clients',
} as const

/** Whichever of the series is there. @param form what is asked of each, e.g. its rate */
export const either = (names: readonly string[], form = (name: string): string => name): string =>
  names.map(form).join(' or ')

/** 1 while at least one server of an engine answers. */
export const serverUp = ({ up }: Watcher): string => `max(${either(up)})`

/** 1 while somebody who watches is scraped. */
export const watched = ({ jobs }: Watcher): string => `max(up{job=~"${jobs.join('|')}"})`
