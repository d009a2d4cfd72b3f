export type StoreKind = 'postgres' | 'mariadb' | 'redis' | 'opensearch'

/** A place where exactly one service keeps data. */
export interface Store<Kind extends StoreKind = StoreKind> {
  readonly kind: 'store'
  readonly engine: Kind
  /** Database and user name (SQL), user name (Redis), alias (OpenSearch). Unique per engine. */
  readonly name: string
  readonly summary: string
  /** Redis only: the key patterns that the store's user may touch, e.g. `rank:*`. */
  readonly keys: readonly string[]
}

/**
 * Declares a store.
 * @param engine which kind of server holds it
 * @param name lower case, letters, digits and `_`
 * @param declared `keys` is required for Redis and meaningless elsewhere
 */
export function store<Kind extends StoreKind>(
  engine: Kind,
  name: string,
  declared: { summary: string; keys?: readonly string[] },
): Store<Kind> {
  return { kind: 'store', engine, name, summary: declared.summary, keys: declared.keys ?? [] }
}
