import { watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
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

/**
 * Changes below `services/` that concern these services, until the process ends. Resolves when whatever changes from now
 * on is noticed.
 */
export async function changesOf(
  services: readonly Service[],
  root: string,
): Promise<AsyncGenerator<Change>> {
  const changed = new Set<string>()
  let wake = Promise.withResolvers<void>()
  await collect(join(root, 'services'), root, (file) => {
    changed.add(file)
    wake.resolve()
  })
  return settled()

  async function* settled(): AsyncGenerator<Change> {
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
}

/**
 * Each folder is watched by itself: a recursive watch follows files, and goes deaf to one that an editor replaces by
 * renaming. Resolves when all that there are now are watched; one that went away meanwhile changes no more.
 */
async function collect(folder: string, root: string, note: (file: string) => void): Promise<void> {
  const deeper = (path: string): Promise<void> => collect(path, root, note).catch(() => undefined)
  // Before it is read, so that what is made in between is seen.
  const watcher = watch(folder, (eventType, filename) => {
    if (filename === null) return
    const path = join(folder, filename)
    if (eventType === 'rename') void isFolder(path).then((is) => (is ? deeper(path) : undefined))
    if (sources.test(filename) && !filename.endsWith('.test.ts')) note(relative(root, path))
  })
  watcher.on('error', () => watcher.close())
  await Promise.all((await foldersIn(folder)).map(({ name }) => deeper(join(folder, name))))
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
