import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../../../services/model/store.ts'
import type { Topology } from '../../../services/model/topology.ts'
import type { Here } from '../addresses.ts'
import { folderOf, keptSecrets, keptStores, secretsIn } from './backup.ts'
import { keeperOf, type Arrival } from './keeper.ts'
import { verified, type Named } from './manifest.ts'

/**
 * The stores of this topology that a backup brings back.
 * @throws Error when the backup is damaged, knows a store that nobody declares, or lacks one that is declared
 */
export async function restorable(topology: Topology, folder: string): Promise<readonly Store[]> {
  const manifest = await verified(folder)
  const declared = keptStores(topology)
  const unsaid = keptSecrets(topology).filter((name) => !manifest.secrets.includes(name))
  const said = (stores: readonly Named[]) => stores.map(({ engine, name }) => `${engine} ${name}`)
  const [there, wanted] = [said(manifest.stores), said(declared)]
  const differences = [
    ...there.filter((one) => !wanted.includes(one)).map((one) => `nobody declares ${one}`),
    ...wanted.filter((one) => !there.includes(one)).map((one) => `it lacks ${one}`),
    ...unsaid.map((name) => `it lacks the secret ${name}`),
  ]
  if (differences.length === 0) return declared
  throw new Error(
    `The backup ${folder} is of another Maru: ${differences.join(', ')}. Restore it with the version that made it, then bring that up to date.`,
  )
}

/**
 * Brings the stores back to what a backup holds: all of them first beside what is there, then each in its place, so that
 * a copy that cannot be read changes nothing. No service may be running. Can be repeated.
 */
export async function restore(
  here: Here,
  folder: string,
  stores: readonly Store[],
  say: (line: string) => void,
): Promise<void> {
  const arrived: Arrival[] = []
  try {
    for (const store of stores) {
      say(`${store.engine} ${store.name}`)
      arrived.push(await keeperOf(store).bring(store, here, folderOf(folder, store)))
    }
  } catch (error) {
    for (const { drop } of arrived) await drop().catch(() => undefined)
    throw error
  }
  for (const name of keptSecrets(here.topology))
    await copyFile(join(secretsIn(folder), name), join(here.where.secrets, name))
  for (const { take } of arrived) await take()
}
