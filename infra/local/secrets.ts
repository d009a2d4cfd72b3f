import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const secretBytes = 24

/**
 * The secret of that name: read from `folder`, or generated once (24 random bytes, base64url, mode 0600).
 * Two processes that ask at the same time get the same one.
 */
export async function secret(folder: string, name: string): Promise<string> {
  const file = join(folder, name)
  const found = await read(file)
  if (found !== undefined) return found
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeOnce(file, randomBytes(secretBytes).toString('base64url'))
  const kept = await read(file)
  if (kept === undefined) throw new Error(`The secret ${file} is empty: delete it and try again.`)
  return kept
}

async function read(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, 'utf8')).trim()
    return text === '' ? undefined : text
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

// A hard link to a finished file appears whole or not at all, and fails where another process was first.
async function writeOnce(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' })
  try {
    await link(draft, file)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  } finally {
    await rm(draft, { force: true })
  }
}

const isCode = (error: unknown, code: string) =>
  error instanceof Error && 'code' in error && error.code === code
