import { asMariadbAdmin } from '../provision-mariadb.ts'
import { asPostgresAdmin } from '../provision.ts'
import type { SqlEngine } from '../sql.ts'
import type { Servers } from './addresses.ts'

/** Ends connections to a database from outside, as an administrator would. @param one only this one, by its id */
export async function endConnections(
  servers: Servers,
  { engine, database }: { engine: SqlEngine; database: string },
  one?: number,
): Promise<void> {
  const server = servers[engine]
  if (!server) throw new Error(`There is no ${engine}.`)
  if (engine === 'postgres') {
    const text = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = $1 and pid <> pg_backend_pid() and ($2::int is null or pid = $2)`
    return asPostgresAdmin(server, async (admin) => {
      await admin.query(text, [database, one ?? null])
    })
  }
  const text = 'select id from information_schema.processlist where db = ? and id = ifnull(?, id)'
  return asMariadbAdmin(server, async (admin) => {
    const found = await admin.query<{ id: bigint }[]>(text, [database, one])
    for (const { id } of found) await admin.query(`kill ${id}`)
  })
}
