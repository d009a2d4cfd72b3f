import { randomUUID } from 'node:crypto'
import { globSync } from 'node:fs'
import { chmod, chown, cp, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Site } from './engine.ts'

/** Makes a folder below `site.dir` (0700, owned by the engine's account) and returns its absolute path. */
export async function folder(site: Site, ...below: string[]): Promise<string> {
  let path = site.dir
  await mkdir(path, { recursive: true })
  await give(path, site, 0o700)
  for (const name of below) {
    path = join(path, name)
    await mkdir(path, { recursive: true })
    await give(path, site, 0o700)
  }
  return path
}

/** Empties the engine's own temporary folder, where JVMs leave unpacked libraries behind when they are killed. */
export async function freshScratch(site: Site): Promise<void> {
  await rm(scratchOf(site), { recursive: true, force: true })
  await folder(site, 'tmp')
}

export const scratchOf = (site: Site) => join(site.dir, 'tmp')

/** Writes a file of the engine (0600, owned by its account) so that it appears whole; returns its path. */
export async function writeFor(site: Site, name: string, content: string): Promise<string> {
  const path = join(await folder(site), name)
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, content, { mode: 0o600, flag: 'wx' })
  await give(draft, site, 0o600)
  await rename(draft, path)
  return path
}

/**
 * Replaces a folder of the engine by copies of the files that match the absolute glob. The originals lie in
 * the checkout, which the engine's account may not be able to enter.
 */
export async function copyFor(site: Site, name: string, pattern: string | undefined) {
  const path = await folder(site, name)
  for (const old of await readdir(path)) await rm(join(path, old), { recursive: true })
  for (const file of pattern === undefined ? [] : globSync(pattern)) {
    const copy = join(path, basename(file))
    await cp(file, copy)
    await give(copy, site, 0o600)
  }
  return path
}

export const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

async function give(path: string, site: Site, mode: number): Promise<void> {
  await chmod(path, mode)
  if (site.owner !== undefined) await chown(path, site.owner.uid, site.owner.gid)
}
