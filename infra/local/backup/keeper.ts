import type { Store, StoreKind } from '../../../services/model/store.ts'
import type { Here } from '../addresses.ts'
import { mariadbKeeper } from './mariadb-keeper.ts'
import { opensearchKeeper } from './opensearch-keeper.ts'
import { postgresKeeper } from './postgres-keeper.ts'

/** How what a store holds gets into a folder and out of it again. */
export interface Keeper {
  /** Writes a consistent copy into `folder`, which is empty. Readers and writers go on. */
  save(store: Store, here: Here, folder: string): Promise<void>
  /** Brings the copy in beside what is there. Only its owner may be using the store afterwards, and must not run. */
  bring(store: Store, here: Here, folder: string): Promise<Arrival>
}

/** A copy that has arrived and is not used yet. */
export interface Arrival {
  /** Puts it in the place of what is there, all at once. */
  take(): Promise<void>
  /** Forgets it. */
  drop(): Promise<void>
}

/** Engines that a backup can keep. Redis is none of them: what is declared there comes back by itself. */
const keepers: Partial<Record<StoreKind, Keeper>> = {
  postgres: postgresKeeper,
  mariadb: mariadbKeeper,
  opensearch: opensearchKeeper,
}

/** @throws Error when the store is to be kept and cannot be */
export function keeperOf({ engine, name }: Store): Keeper {
  const keeper = keepers[engine]
  if (keeper) return keeper
  throw new Error(
    `The store ${engine} ${name} cannot be kept: backups know ${Object.keys(keepers).join(', ')}. Declare how it comes back (recovery: 'rebuild').`,
  )
}
