import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { parseSettings } from './parse-settings.ts'
import type { Settings } from './settings.ts'

const project = 'maru'

/** Stacks that are committed: those with a `Pulumi.<stack>.yaml`. */
export const stackNames = (root: string): readonly string[] =>
  readdirSync(root)
    .flatMap((file) => /^Pulumi\.([a-z0-9-]+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort()

/**
 * The settings of a committed stack without Pulumi, for what is rendered and for tools. Nothing secret stands there: the
 * kubeconfig is empty, and so is the seed.
 * @param root the repository's root folder
 * @throws SettingsError with every problem
 */
export function readStack(root: string, stack: string): Settings {
  const chosen = read(join(root, `Pulumi.${stack}.yaml`)) as { config?: Record<string, unknown> }
  const defaults = Object.entries(declaredSettings(root)).map(([key, one]) => [key, one.default])
  const all = { ...Object.fromEntries(defaults), ...chosen.config } as Record<string, unknown>
  const own = Object.entries(all).map(([key, value]) => [key.replace(`${project}:`, ''), value])
  return parseSettings({ ...Object.fromEntries(own), kubeconfig: 'none' }, stack)
}

/** A key as `Pulumi.yaml` declares it. */
export interface DeclaredSetting {
  readonly type: string
  readonly default: unknown
  readonly description: string
}

/** The keys that `Pulumi.yaml` declares, by `maru:<key>`. */
export const declaredSettings = (root: string): Readonly<Record<string, DeclaredSetting>> =>
  (read(join(root, 'Pulumi.yaml')) as { config: Record<string, DeclaredSetting> }).config

const read = (path: string): unknown => parse(readFileSync(path, 'utf8'))
