import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'

/** What a backup says of itself. It is written last: a folder without it is no backup. */
const manifest = z.object({
  format: z.literal(1),
  takenAt: z.iso.datetime(),
  /** What is in it, by the store's engine and name. */
  stores: z.array(z.object({ engine: z.string(), name: z.string() })),
  /** Names of secrets without which sealed rows cannot be opened. */
  secrets: z.array(z.string()),
  /** Every file by its path below the folder. */
  files: z.record(z.string(), z.object({ bytes: z.int(), sha256: z.string() })),
})
export type Manifest = z.output<typeof manifest>

/** A store in a manifest: its engine and its name. */
export type Named = Manifest['stores'][number]

const fileName = 'manifest.json'

/** Writes down what lies in a folder, which makes it a backup. */
export async function seal(
  folder: string,
  said: Omit<Manifest, 'format' | 'files'>,
): Promise<Manifest> {
  const whole: Manifest = { format: 1, ...said, files: await filesIn(folder) }
  const text = `${JSON.stringify(whole, null, 2)}\n`
  await writeFile(join(folder, fileName), text, { mode: 0o600, flag: 'wx', flush: true })
  return whole
}

/**
 * Reads a backup and compares every file with what was written down.
 * @throws Error that names what is missing, changed or too much
 */
export async function verified(folder: string): Promise<Manifest> {
  const said = await read(folder)
  const there = await filesIn(folder)
  delete there[fileName]
  const wrong = [
    ...Object.keys(said.files).flatMap((name) => difference(name, said.files, there)),
    ...Object.keys(there).flatMap((name) =>
      name in said.files ? [] : [`${name} does not belong to it`],
    ),
  ]
  if (wrong.length === 0) return said
  throw new Error(`The backup ${folder} is damaged: ${wrong.join(', ')}. Nothing was restored.`)
}

function difference(name: string, said: Manifest['files'], there: Manifest['files']): string[] {
  const [before, now] = [said[name], there[name]]
  if (!now) return [`${name} is missing`]
  if (before?.bytes !== now.bytes)
    return [`${name} has ${now.bytes} bytes instead of ${before?.bytes}`]
  return before.sha256 === now.sha256 ? [] : [`${name} was changed`]
}

async function read(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, fileName), 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new Error(
      `${folder} is no backup: it has no ${fileName}. One that was interrupted has none.`,
    )
  const parsed = manifest.safeParse(parse(text))
  if (parsed.success) return parsed.data
  throw new Error(
    `The ${fileName} of ${folder} cannot be read: ${z.prettifyError(parsed.error)}. Nothing was restored.`,
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function filesIn(folder: string): Promise<Record<string, Manifest['files'][string]>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  const described = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const { size } = await stat(path)
    return [relative(folder, path), { bytes: size, sha256: await hashOf(path) }] as const
  })
  return Object.fromEntries(await Promise.all(described))
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
