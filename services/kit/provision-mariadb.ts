import { createConnection, type Connection } from 'mariadb'
import { closed } from './mariadb/closed.ts'
import { rightsOf, type Right } from './mariadb-rights.ts'
import type { SqlAdmin } from './provision.ts'

/** A store's database and who comes in: its owner, and one who may only read. */
export interface MariadbLogins {
  readonly database: string
  readonly user: string
  readonly password: string
  /** Of the owner, see `rightsOf`. @default all in this database */
  readonly rights?: readonly Right[]
  readonly reader?: { readonly user: string; readonly password: string }
}

/**
 * Makes a store's database, its login, which may do what `rights` say in that database and nothing outside of it,
 * and its reader. Idempotent; passwords are set to the given ones.
 */
export async function provisionMariadb(server: SqlAdmin, logins: MariadbLogins): Promise<void> {
  const { database, user, password, reader, rights = rightsOf({ changing: 'all' }, 'own') } = logins
  await asMariadbAdmin(server, async (admin) => {
    const name = admin.escapeId(database)
    await admin.query(
      `create database if not exists ${name} character set utf8mb4 collate utf8mb4_nopad_bin`,
    )
    // In a grant `_` and `%` would stand for other letters too.
    const all = `${name.replace(/[_%]/g, '\\$&')}.*`
    const granted = (wanted: readonly Right[]): readonly string[] =>
      wanted.map(({ table, privileges }) => {
        const where = table === '*' ? all : `${name}.${admin.escapeId(table)}`
        return `${privileges.join(', ')} on ${where}`
      })
    await setMariadbUser(admin, { user, password, rights: granted(rights) })
    if (reader) {
      const reading = rightsOf({ changing: 'all' }, 'read')
      await setMariadbUser(admin, { ...reader, rights: granted(reading) })
    }
  })
}

/** Makes or renews a user with these rights beside those that it has. @param login `rights`: each as in `grant … to` */
export async function setMariadbUser(
  admin: Connection,
  { user, password, rights }: { user: string; password: string; rights: readonly string[] },
): Promise<void> {
  const account = `${admin.escape(user)}@'%'`
  await admin.query(`create user if not exists ${account}`)
  await admin.query(`alter user ${account} identified by ${admin.escape(password)}`)
  for (const right of rights) await admin.query(`grant ${right} to ${account}`)
}

/** Milliseconds; nothing that an administrator does here takes as long as the second. */
const limits = { connectTimeout: 5000, socketTimeout: 60_000 }

/** Runs `work` with a connection of the administrator, which is closed after it. */
export async function asMariadbAdmin<Value>(
  { host, port, user, password }: SqlAdmin,
  work: (admin: Connection) => Promise<Value>,
): Promise<Value> {
  const login = { host, port, user, password }
  const admin = await createConnection({ ...login, ...limits, logParam: false })
  // The failing statement says it too.
  admin.on('error', () => undefined)
  try {
    return await work(admin)
  } finally {
    await closed(admin)
  }
}
