import type { Store } from '../model/store.ts'
import type { Access } from './bindings.ts'

/** What a user may do with one table of a store's database, or with all of them: `*`. */
export interface Right {
  readonly table: string
  readonly privileges: readonly string[]
}

/** The rights of a store's owner or reader in its database; elsewhere neither may do anything. */
export function rightsOf({ changing }: Pick<Store, 'changing'>, access: Access): readonly Right[] {
  if (access === 'read') return [{ table: '*', privileges: ['SELECT'] }]
  if (changing === 'all') return [{ table: '*', privileges: ['ALL PRIVILEGES'] }]
  return [
    { table: '*', privileges: adding },
    ...[...tablesOfTheKit, ...changing].map((table) => ({ table, privileges: replacing })),
  ]
}

const tablesOfTheKit = ['maru_migrations', 'inbox', 'outbox']

/** Rows can be added and tables made; nothing can go. */
const adding = ['SELECT', 'INSERT', 'CREATE', 'ALTER', 'INDEX', 'REFERENCES']

/** MariaDB gives rights on a table that is not there yet together with the right to make it only. */
const replacing = ['CREATE', 'UPDATE', 'DELETE', 'DROP']
