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
  const objects: KubernetesObject[] = []
  for (const path of stdout.split('\0').filter(isRendered)) {
    const { stdout: text } = await execa('git', ['show', `${commit}:${path}`], { cwd: root })
    objects.push(...objectsIn(text, `${revision}:${path}`))
  }
  return objects
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
