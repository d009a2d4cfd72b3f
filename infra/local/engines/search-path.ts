import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isReachable } from './accounts.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Absolute path of the first program of these names on PATH that an engine's account can reach. */
export function onPath(env: Environment, names: readonly string[]): string | undefined {
  return inFolders((env.PATH ?? '').split(delimiter), names)
}

/** The same in given folders. */
export function inFolders(folders: readonly string[], names: readonly string[]) {
  return folders
    .filter((folder) => folder.startsWith('/'))
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isUsable)
}

/** True for an executable file that an engine's account can reach. */
export function isUsable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile() && isReachable(file) && isReachable(realpathSync(file))
  } catch {
    return false
  }
}
