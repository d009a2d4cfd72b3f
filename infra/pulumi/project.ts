import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse, stringify } from 'yaml'

/** A stack's file: its values, and what Pulumi adds of its own (the salt of its secrets). */
interface StackFile {
  readonly config?: Readonly<Record<string, unknown>>
  readonly [own: string]: unknown
}

/** Folders of the checkout that the program reaches by way of the copy. */
const linked = ['infra', 'services', 'node_modules', 'dashboards', 'alerts', 'gitops']

/**
 * A copy of the project beside the checkout's own files, so that no tracked file changes: Pulumi writes the salt of a
 * stack and encrypted values into its file. The code is linked, not copied.
 * @param folder where the copy lies
 */
export function copyProject(root: string, folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'Pulumi.yaml'), readFileSync(join(root, 'Pulumi.yaml')))
  for (const name of linked) {
    const link = join(folder, name)
    rmSync(link, { force: true })
    if (existsSync(join(root, name))) symlinkSync(join(root, name), link)
  }
}

/**
 * Brings the copy of a stack's file up to date. What was set in the copy stays, unless the tracked file has changed that
 * key since the last time.
 * @param overlay values that always win
 */
export function copyStack(
  root: string,
  folder: string,
  stack: string,
  overlay: Readonly<Record<string, unknown>>,
): void {
  const name = `Pulumi.${stack}.yaml`
  const copy = read(join(folder, name))
  const tracked = read(join(root, name)).config ?? {}
  const before = read(join(folder, `.${name}.tracked`)).config ?? {}
  const merged = withOverlay(merge(copy.config ?? {}, tracked, before), overlay)
  write(join(folder, name), { ...copy, config: merged })
  write(join(folder, `.${name}.tracked`), { config: tracked })
}

/** Value of a key in the copy of a stack's file. */
export const stackValue = (folder: string, stack: string, key: string): unknown =>
  read(join(folder, `Pulumi.${stack}.yaml`)).config?.[key]

type Values = Readonly<Record<string, unknown>>

function merge(copy: Values, tracked: Values, before: Values): Values {
  const changed = Object.keys({ ...tracked, ...before }).filter(
    (key) => !isDeepStrictEqual(tracked[key], before[key]),
  )
  const kept = Object.entries(copy).filter(([key]) => !changed.includes(key))
  const taken = changed.flatMap((key) => (key in tracked ? [[key, tracked[key]] as const] : []))
  return Object.fromEntries([...kept, ...taken])
}

/** Groups are laid over each other key by key. */
const withOverlay = (values: Values, overlay: Values): Values => ({
  ...values,
  ...Object.fromEntries(
    Object.entries(overlay).map(([key, value]) => [
      key,
      isGroup(value) ? { ...(values[key] as object | undefined), ...value } : value,
    ]),
  ),
})

const isGroup = (value: unknown): value is object => typeof value === 'object' && value !== null

const read = (file: string): StackFile =>
  existsSync(file) ? ((parse(readFileSync(file, 'utf8')) as StackFile | null) ?? {}) : {}

const write = (file: string, value: StackFile): void =>
  writeFileSync(file, stringify(value), { mode: 0o600 })
