import { watch } from 'node:fs/promises'
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
  void collect(root, note)
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

async function collect(root: string, note: (file: string) => void): Promise<void> {
  const folder = join(root, 'services')
  for await (const { filename } of watch(folder, { recursive: true })) {
    if (filename === null || !sources.test(filename) || filename.endsWith('.test.ts')) continue
    note(relative(root, join(folder, filename)))
  }
}

/** The kit, the model, the product's own files and the service's folder; not its neighbours. */
export function concerns(file: string, service: Service): boolean {
  const product = `services/${service.product}/`
  const ofProduct = file.startsWith(product) && !file.slice(product.length).includes('/')
  return (
    file.startsWith(`${folderOf(service)}/`) ||
    ofProduct ||
    file.startsWith('services/kit/') ||
    file.startsWith('services/model/')
  )
}
