import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** What is released of a service in an environment. */
export interface Version {
  readonly tag: string
  /** `sha256:` and 64 hexadecimal digits: the image, whatever becomes of its tag. */
  readonly digest: string
}

/** Released versions by service; a service that was never pushed is absent. */
export type Versions = Readonly<Record<string, Version>>

const digestShape = /^sha256:[0-9a-f]{64}$/
const tagShape = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/** The one file of an environment that is edited: by `./maru images push`, `./maru promote`, or by hand. */
export const versionsFile = (root: string, env: string): string =>
  join(root, 'gitops', env, 'versions.yaml')

/** Reads an environment's versions. @throws Error that names the file, the service and what is wrong */
export function readVersions(root: string, env: string): Versions {
  const file = versionsFile(root, env)
  const versions = (parse(readFileSync(file, 'utf8')) ?? {}) as Versions
  for (const [service, version] of Object.entries(versions)) check(file, service, version)
  return versions
}

/** Changes the one line of a service, or adds it in the order of the names. Comments stay. */
export function writeVersion(root: string, env: string, service: string, version: Version): void {
  const file = versionsFile(root, env)
  check(file, service, version)
  const line = `${service}: { tag: ${JSON.stringify(version.tag)}, digest: '${version.digest}' }`
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const entries = lines.filter((one) => !isComment(one) && !one.startsWith(`${service}:`))
  const sorted = [...entries, line].sort()
  writeFileSync(file, `${[...lines.filter(isComment), ...sorted].join('\n')}\n`)
}

const isComment = (line: string): boolean => line.startsWith('#') || line.trim() === ''

/** `unreleased` stands for an image that was never pushed; nothing in a cluster may run it. */
export const unreleased = 'unreleased'

/** Full reference of a service's image: `<prefix>/<service>:<tag>@<digest>`. */
export function referenceOf(prefix: string, service: string, versions: Versions): string {
  const version = versions[service]
  const name = `${prefix}/${service}`
  return version ? `${name}:${version.tag}@${version.digest}` : `${name}:${unreleased}`
}

function check(file: string, service: string, version: Partial<Version> | null): void {
  const { tag, digest } = version ?? {}
  const wrong =
    typeof tag !== 'string' || !tagShape.test(tag)
      ? `tag must be an image tag, but is ${JSON.stringify(tag)}`
      : typeof digest !== 'string' || !digestShape.test(digest)
        ? `digest must be sha256: and 64 hexadecimal digits, but is ${JSON.stringify(digest)}`
        : undefined
  if (wrong !== undefined) throw new Error(`${file}: ${service}.${wrong}.`)
}
