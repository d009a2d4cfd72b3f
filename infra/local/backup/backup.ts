import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { settingSecret } from '../../../services/kit/bindings.ts'
import type { Store } from '../../../services/model/store.ts'
import type { Topology } from '../../../services/model/topology.ts'
import type { Here } from '../addresses.ts'
import { keeperOf } from './keeper.ts'
import { seal, type Manifest } from './manifest.ts'

/** Stores that a backup keeps, indexes before the databases that they follow from: so an index is never ahead. */
export const keptStores = ({ stores }: Topology): readonly Store[] =>
  stores
    .filter(({ recovery }) => recovery === 'backup')
    .sort((one, other) => rankOf(one) - rankOf(other))

const rankOf = ({ engine }: Store): number => (engine === 'opensearch' ? 0 : 1)

/** Secrets of services that were made by chance: what they sealed cannot be opened without them. */
export const keptSecrets = ({ services }: Topology): readonly string[] =>
  services.flatMap((service) =>
    Object.entries(service.settings)
      .filter(([, { secret }]) => secret === 'random')
      .map(([key]) => settingSecret(service, key)),
  )

/** Where a store lies in a backup. */
export const folderOf = (folder: string, { engine, name }: Pick<Store, 'engine' | 'name'>) =>
  join(folder, `${engine}-${name}`)

export const secretsIn = (folder: string): string => join(folder, 'secrets')

/**
 * Copies all that could not be made anew into `folder`, which appears when it is whole. Services go on.
 * @param signal ends it; nothing is left then
 * @throws Error when the folder is there already, or a store cannot be read
 */
export async function takeBackup(
  here: Here,
  folder: string,
  { signal, say }: { signal: AbortSignal; say(line: string): void },
): Promise<Manifest> {
  if (existsSync(folder)) throw new Error(`${folder} is there already: name another folder.`)
  const draft = join(dirname(folder), `.${basename(folder)}.${process.pid}${part}`)
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 })
  await clearDead(dirname(folder))
  try {
    await mkdir(draft, { mode: 0o700 })
    const stores = keptStores(here.topology)
    for (const store of stores) {
      signal.throwIfAborted()
      say(`${store.engine} ${store.name}`)
      const below = folderOf(draft, store)
      await mkdir(below, { mode: 0o700 })
      await keeperOf(store).save(store, here, below)
    }
    const secrets = keptSecrets(here.topology)
    await mkdir(secretsIn(draft), { mode: 0o700 })
    for (const name of secrets)
      await copyFile(join(here.where.secrets, name), join(secretsIn(draft), name))
    signal.throwIfAborted()
    const named = stores.map(({ engine, name }) => ({ engine, name }))
    const takenAt = new Date().toISOString()
    const manifest = await seal(draft, { takenAt, stores: named, secrets: [...secrets] })
    await rename(draft, folder)
    return manifest
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

const part = '.part'

/** What backups left that were killed. */
async function clearDead(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = /^\..*\.(\d+)\.part$/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(parent, name), { recursive: true, force: true })
  }
}
