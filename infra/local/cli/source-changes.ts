import { readdir, stat, watch } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { folderOf, type Service } from '../../../services/model/service.ts'

/** Source files that changed together, and the services that run them. */
export interface Change {
  readonly files: readonly string[]
  readonly affected: readonly Service[]
}

/** Editors write a file in several steps. */
const settleMs = 40
const sources = /\.(ts|sql|lua|ndjson|json|txt)$/

/** Yields changes below `services/` that concern these services, until the process ends. */
export async function* changesOf(
  services: readonly Service[],
  root: string,
): AsyncGenerator<Change> {
  const changed = new Set<string>()
  let wake = Promise.withResolvers<void>()
  const note = (file: string): void => {
    changed.add(file)
    wake.resolve()
  }
  const watching = collect(join(root, 'services'), root, note)
  watching.catch(() => undefined) // the folder went away: nothing will change there any more
  for (;;) {
    await wake.promise
    await delay(settleMs)
    wake = Promise.withResolvers()
    const files = [...changed]
    changed.clear()
    const affected = services.filter((service) => files.some((file) => concerns(file, service)))
    if (affected.length > 0) yield { files, affected }
  }
}

/**
 * Each folder is watched by itself: a recursive watch follows files, and goes deaf to one that an editor replaces by
 * renaming.
 */
async function collect(folder: string, root: string, note: (file: string) => void): Promise<void> {
  const deeper = (path: string): void => void collect(path, root, note).catch(() => undefined)
  for (const { name } of await foldersIn(folder)) deeper(join(folder, name))
  for await (const { eventType, filename } of watch(folder)) {
    if (filename === null) continue
    const path = join(folder, filename)
    if (eventType === 'rename' && (await isFolder(path))) deeper(path)
    if (sources.test(filename) && !filename.endsWith('.test.ts')) note(relative(root, path))
  }
}

const foldersIn = async (folder: string) =>
  (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory())

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false

/** The kit, the model, the product's own files and kit, and the service's folder; not its neighbours. */
export function concerns(file: string, service: Service): boolean {
  const product = `services/${service.product}/`
  const ofProduct = file.startsWith(product) && !file.slice(product.length).includes('/')
  return (
    file.startsWith(`${folderOf(service)}/`) ||
    file.startsWith(`${product}kit/`) ||
    ofProduct ||
    file.startsWith('services/kit/') ||
    file.startsWith('services/model/')
  )
}
