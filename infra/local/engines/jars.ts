import { createHash } from 'node:crypto'
import { globSync } from 'node:fs'
import { cp, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Workshop } from './engine.ts'
import type { Jdk } from './jdk.ts'
import { madeOnce } from './lock.ts'
import { onPath } from './search-path.ts'
import { exists } from './site-folder.ts'

interface Recipe {
  readonly name: string
  readonly version: string
  readonly jdk: Jdk
  /** Where its pom lies; in the folder of its name by default. */
  readonly inputs?: string
  /** What happens after Maven copied the jars into `<folder>/lib`. */
  finish(folder: string): Promise<void>
}

const buildWithinMs = 600_000

/**
 * Folder in the cache with the jars of an engine: `lib/` and the files beside its pom. Built by Maven when
 * absent (undefined if that is not allowed or there is no Maven). It appears whole or not at all.
 */
export async function jarFolder(recipe: Recipe, workshop: Workshop): Promise<string | undefined> {
  const inputs = recipe.inputs ?? join(import.meta.dirname, recipe.name)
  const name = `${recipe.name}-${recipe.version}-${await fingerprint(inputs)}`
  const home = join(workshop.cache, name)
  if (await exists(home)) return home
  const maven = onPath(workshop.env, ['mvn'])
  if (!workshop.install || maven === undefined) return undefined
  const turn = {
    // One for all engines: Maven's own repository is not safe against two that fill it at once.
    file: join(workshop.cache, 'maven.lock'),
    what: 'fetch jars with Maven',
    deadlineMs: buildWithinMs,
    say: workshop.say,
  }
  return madeOnce(home, turn, () => build({ recipe, inputs, home, maven }, workshop))
}

/** Class path of a folder of jars, sorted: class archives are bound to its exact text. */
export const classPath = (folder: string) =>
  globSync('*.jar', { cwd: folder })
    .sort()
    .map((jar) => join(folder, jar))
    .join(':')

const compileWithinMs = 120_000

/** Makes `lib/<jar>.jar` of a Java source that lies beside the pom. */
export async function compile(folder: string, jdk: Jdk, source: string, jar: string) {
  const options = { cwd: folder, timeout: compileWithinMs }
  const bin = join(jdk.home, 'bin')
  const compiler = ['-d', 'classes', '-cp', classPath(join(folder, 'lib')), source]
  await execa(join(bin, 'javac'), compiler, options)
  await execa(join(bin, 'jar'), ['cf', `lib/${jar}.jar`, '-C', 'classes', '.'], options)
  await rm(join(folder, 'classes'), { recursive: true })
}

interface Build {
  readonly recipe: Recipe
  readonly inputs: string
  readonly home: string
  readonly maven: string
}

async function build({ recipe, inputs, home, maven }: Build, workshop: Workshop): Promise<void> {
  const draft = `${home}.building`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true, mode: 0o755 })
  await cp(inputs, draft, { recursive: true })
  workshop.say(`fetching ${recipe.name} ${recipe.version} with Maven`)
  await fetchJars(draft, maven, recipe)
  await recipe.finish(draft)
  await execa('/bin/chmod', ['-R', 'a+rX', draft])
  await rename(draft, home)
}

async function fetchJars(folder: string, maven: string, { name, jdk }: Recipe): Promise<void> {
  const goal = ['dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime']
  const done = await execa(maven, ['-B', '-q', '-ntp', ...goal], {
    cwd: folder,
    env: { JAVA_HOME: jdk.home },
    stdin: 'ignore',
    all: true,
    reject: false,
    timeout: buildWithinMs,
  })
  if (!done.failed) return
  const last = done.all.trimEnd().split('\n').slice(-8).join('\n')
  throw new Error(
    `Maven could not fetch ${name}; is a repository reachable? Its last lines:\n${last}`,
  )
}

async function fingerprint(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const file of (await readdir(folder)).sort()) {
    hash.update(`${file}\0`).update(await readFile(join(folder, file)))
  }
  return hash.digest('hex').slice(0, 10)
}
