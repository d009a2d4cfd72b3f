import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { declarationFiles } from './declaration-files.ts'
import type { Plan } from './plan.ts'
import { runtimeFiles } from './runtime-files.ts'
import { withService, withStore } from './topology-text.ts'
import { WishError } from './wish.ts'

/** Writes the files of a new service and adds it to the topology. @returns the paths that were written */
export async function scaffold(plan: Plan, root: string): Promise<readonly string[]> {
  const folder = `services/${plan.product}/${plan.name}`
  if (existsSync(join(root, folder))) {
    throw new WishError(`${folder} is there already: delete it, or choose another name.`)
  }
  const own = { ...declarationFiles(plan), ...runtimeFiles(plan) }
  const stores = `services/${plan.product}/stores.ts`
  const texts: Record<string, string> = {
    ...Object.fromEntries(Object.entries(own).map(([name, text]) => [`${folder}/${name}`, text])),
    'services/topology.ts': withService(readOrEmpty(join(root, 'services/topology.ts')), plan),
    ...(plan.store && { [stores]: withStore(readOrEmpty(join(root, stores)), plan) }),
  }
  const formatted = await Promise.all(
    Object.entries(texts).map(
      async ([path, text]) => [path, await tidy(join(root, path), text)] as const,
    ),
  )
  for (const [path, text] of formatted) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return formatted.map(([path]) => path)
}

const tidy = async (filepath: string, text: string): Promise<string> =>
  filepath.endsWith('.ts') ? format(text, { ...(await resolveConfig(filepath)), filepath }) : text

const readOrEmpty = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')
