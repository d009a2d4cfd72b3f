import { join, resolve } from 'node:path'
import { keptStores, takeBackup } from '../backup/backup.ts'
import { processesHere, supervisorHere } from './checkout.ts'
import { EnvironmentError, jsonOption, type Command } from './command.ts'
import { here } from './here.ts'
import { interruption } from './interruption.ts'
import { print, printJson, say } from './output.ts'

export function register(program: Command): void {
  program
    .command('backup [folder]')
    .description('copy all that could not be made anew into a folder; services go on')
    .option(...jsonOption)
    .addHelpText(
      'after',
      '\nThe folder holds secrets and what users entrusted: keep it as you keep those.',
    )
    .action(run)
}

async function run(named: string | undefined, options: { json?: boolean }): Promise<void> {
  await assertEngines()
  const at = here()
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const folder = resolve(named ?? join(at.where.root, 'backups', stamp))
  const manifest = await takeBackup(at, folder, { signal: interruption(noBackup), say })
  if (options.json === true) return printJson({ folder, ...manifest })
  const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0)
  print(`${manifest.stores.length} stores, ${(bytes / 1e6).toFixed(1)} MB: ${folder}`)
  print(`./maru restore ${folder} brings them back.`)
}

const noBackup = (): Error => new Error('Interrupted: there is no backup.')

/** @throws EnvironmentError when a server whose stores are to be kept does not run */
export async function assertEngines(): Promise<void> {
  supervisorHere()
  const running = new Set((await processesHere()).map(({ name }) => name))
  const { topology, installation } = here()
  const missing = new Set(
    keptStores(topology)
      .map(({ engine }) => engine)
      .filter((name) => !running.has(name) && installation.supplies[name]?.from !== 'address'),
  )
  if (missing.size > 0)
    throw new EnvironmentError(`${[...missing].join(' and ')} does not run: ./maru up starts it.`)
}
