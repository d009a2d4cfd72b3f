import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { parseAllDocuments } from 'yaml'
import type { KubernetesObject } from '../kubernetes/object.ts'

/** What an environment consists of: its own folder, and what makes Argo CD's applications of it. */
const placesOf = (env: string): readonly string[] => [`gitops/${env}`, `gitops/appsets/${env}.yaml`]

const isRendered = (path: string): boolean =>
  path.endsWith('.yaml') && !path.endsWith('/versions.yaml')

/** Objects of an environment as they stand in the working tree. */
export const inWorkingTree = (root: string, env: string): readonly KubernetesObject[] =>
  globSync(
    placesOf(env).flatMap((place) => [place, `${place}/**/*.yaml`]),
    { cwd: root },
  )
    .filter(isRendered)
    .sort()
    .flatMap((path) => objectsIn(readFileSync(join(root, path), 'utf8'), path))

/**
 * Objects of an environment as a revision has them; none where it had no such environment.
 * @throws Error when Git knows no such revision
 */
export async function atRevision(
  root: string,
  env: string,
  revision: string,
): Promise<readonly KubernetesObject[]> {
  const known = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]
  const { stdout: commit, failed } = await execa('git', known, { cwd: root, reject: false })
  if (failed)
    throw new Error(`Git knows no revision "${revision}": --base wants a commit, branch or tag.`)
  const listed = ['ls-tree', '-r', '-z', '--name-only', commit, '--', ...placesOf(env)]
  const { stdout } = await execa('git', listed, { cwd: root })
  const paths = stdout.split('\0').filter(isRendered)
  const texts = await textsOf(
    root,
    paths.map((path) => `${commit}:${path}`),
  )
  return paths.flatMap((path, at) => objectsIn(texts[at] ?? '', `${revision}:${path}`))
}

/** Texts of Git's objects, by one process: each answer is a line that ends in its size, then so many bytes. */
async function textsOf(root: string, names: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await execa('git', ['cat-file', '--batch'], {
    ...{ cwd: root, encoding: 'buffer' as const },
    input: names.map((name) => `${name}\n`).join(''),
  })
  const bytes = Buffer.from(stdout)
  const texts: string[] = []
  for (let at = 0; texts.length < names.length;) {
    const begin = bytes.indexOf('\n', at) + 1
    const end = begin + Number(bytes.toString('utf8', at, begin).trim().split(' ').at(-1))
    texts.push(bytes.toString('utf8', begin, end))
    at = end + 1
  }
  return texts
}

/** @throws Error that names the file */
function objectsIn(text: string, path: string): readonly KubernetesObject[] {
  const documents = parseAllDocuments(text)
  if ('empty' in documents) return []
  return documents.flatMap((document) => {
    const [error] = document.errors
    if (error) throw new Error(`${path} is no YAML: ${error.message}`)
    const object = document.toJS() as KubernetesObject | null
    return object === null ? [] : [object]
  })
}
