import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { nearest } from '../parse-settings.ts'
import { versionsFile } from './versions.ts'

/** Environments of `gitops/`: folders with a `versions.yaml`. */
export const environments = (root: string): readonly string[] =>
  readdirSync(join(root, 'gitops'))
    .filter((name) => existsSync(versionsFile(root, name)))
    .sort()

/** The environment of this name. @throws Error that says which one may have been meant */
export function environmentNamed(root: string, name: string): string {
  const known = environments(root)
  if (known.includes(name)) return name
  throw new Error(`There is no environment "${name}" in gitops/; ${nearest(name, known)}`)
}
