import type { Store } from '../model/store.ts'
import type { Context } from './context.ts'
import { driverOf } from './mariadb/pool.ts'
import type { Database } from './sql.ts'
import { openDatabase } from './sql/database.ts'

export { isUniqueViolation } from './mariadb/errors.ts'
export { statement, type Queryable } from './sql.ts'

/**
 * The pool of a MariaDB store. Its transactions are REPEATABLE READ, and one that writes a row which was changed since
 * it read it gives way (WRITE_CONFLICT): no update is lost. Those that ask for READ COMMITTED lock no gaps between
 * rows, which is what `for update skip locked` wants.
 */
export type Mariadb = Database<'mariadb'>

/**
 * Opens the pool of a store: readiness check `mariadb <store>`, closed in stage `stores`. Placeholders are `?`.
 * @param use `vital: false`: the service does its work while the store is away. Default true
 */
export async function mariadb(
  context: Context,
  store: Store<'mariadb'>,
  { vital = true }: { vital?: boolean } = {},
): Promise<Mariadb> {
  const login = context.config.store(store)
  return openDatabase(context, store, { driver: driverOf(context, store, login), login, vital })
}
