import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { extractedFile } from './extracted.ts'
import { kinds } from './kinds.ts'

/**
 * `node infra/definitions/extract.ts`: takes the real definitions from their Go modules again. Run it after a version in
 * `kinds.ts` was raised; it needs Go.
 */
if (import.meta.main) for (const { path, text } of extractAll()) writeFileSync(path, text)

/** The file of every real definition, as it should be committed. */
export function extractAll(): readonly { readonly path: string; readonly text: string }[] {
  const folders = new Map<string, string>()
  return kinds.flatMap((kind) => {
    const { definition } = kind
    if (!('module' in definition)) return []
    const { module, file } = definition
    const folder = folders.get(module) ?? download(module)
    folders.set(module, folder)
    const found = parse(readFileSync(join(folder, file), 'utf8')) as Definition
    const origin = `Taken from ${file} of the Go module ${module} (Apache-2.0) by node infra/definitions/extract.ts: version ${kind.version}, without prose.`
    return [
      { path: extractedFile(kind), text: `${JSON.stringify(slim(found, kind.version, origin))}\n` },
    ]
  })
}

interface Definition {
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> }
  readonly spec: { readonly versions: readonly { readonly name: string }[] } & Record<
    string,
    unknown
  >
}

/** The one version that is used, without descriptions: a server needs none. */
function slim({ metadata, spec }: Definition, version: string, origin: string): object {
  const { versions, ...rest } = spec
  const used = versions.filter(({ name }) => name === version)
  if (used.length !== 1) throw new Error(`${metadata.name} has no version ${version}.`)
  return { 'x-rendered': origin, ...rest, versions: used.map((one) => silent(one)) }
}

/** Descriptions are texts; a property of that name is an object and stays. */
function silent(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(silent)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => key !== 'description' || typeof value !== 'string')
      .filter(([key]) => key !== 'additionalPrinterColumns' && key !== 'deprecationWarning')
      .map(([key, value]) => [key, silent(value)]),
  )
}

function download(module: string): string {
  const said = execFileSync('go', ['mod', 'download', '-json', module], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
    env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' },
  })
  return (JSON.parse(said) as { Dir: string }).Dir
}
