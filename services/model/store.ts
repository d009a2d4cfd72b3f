export type StoreKind = 'postgres' | 'mariadb' | 'redis' | 'opensearch'

/** Names of the engines in traces and on the service map: OpenTelemetry's values of `db.system.name`. */
export const systemName: Readonly<Record<StoreKind, string>> = {
  postgres: 'postgresql',
  mariadb: 'mariadb',
  redis: 'redis',
  opensearch: 'opensearch',
}

/** A place where exactly one service keeps data. */
export interface Store<Kind extends StoreKind = StoreKind> {
  readonly kind: 'store'
  readonly engine: Kind
  /** Database and user name (SQL), user name (Redis), alias (OpenSearch). Unique per engine. */
  readonly name: string
  readonly summary: string
  /** Redis only: the key patterns that the store's user may touch, e.g. `rank:*`. */
  readonly keys: readonly string[]
  /** `backup`: what is lost is gone, so backups keep it. `rebuild`: it follows from elsewhere and comes back by itself. */
  readonly recovery: 'backup' | 'rebuild'
  /**
   * MariaDB only: the tables whose rows its owner may change and delete, beside those that the kit keeps. To all others
   * it may only add rows, by its rights.
   */
  readonly changing: 'all' | readonly string[]
}

/**
 * Declares a store.
 * @param engine which kind of server holds it
 * @param name lower case, letters, digits and `_`
 * @param declared `keys` is required for Redis and meaningless elsewhere; `recovery` defaults to `backup`, `changing` to
 *   all tables
 */
export function store<Kind extends StoreKind>(
  engine: Kind,
  name: string,
  declared: Pick<Store, 'summary'> & Partial<Pick<Store, 'keys' | 'recovery' | 'changing'>>,
): Store<Kind> {
  const { summary, keys = [], recovery = 'backup', changing = 'all' } = declared
  return { kind: 'store', engine, name, summary, keys, recovery, changing }
}
