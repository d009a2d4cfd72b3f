import { readFileSync, writeFileSync } from 'node:fs'
import type { Service } from '../../services/model/service.ts'
import { environmentNamed } from './environments.ts'
import { readVersions, versionsFile, writeVersion, type Version } from './versions.ts'

/** What a promotion would do. */
export interface Promotion {
  readonly service: Service
  readonly from: string
  readonly to: string
  readonly version: Version
  /** What the target runs until now; undefined when it never ran this service. */
  readonly before: Version | undefined
}

interface Wish {
  readonly service: Service
  /** Environment that runs the version. */
  readonly from: string
  /** Environment that is to run it. */
  readonly to: string
}

/**
 * Reads what a promotion would change, and changes nothing.
 * @throws Error with a sentence for what cannot be promoted: an unknown environment, a service that the source never
 * released, a version that the target has already
 */
export function planPromotion(root: string, { service, from, to }: Wish): Promotion {
  for (const env of [from, to]) environmentNamed(root, env)
  if (from === to) throw new Error(`${from} cannot be promoted to itself: name two environments.`)
  const version = readVersions(root, from)[service.name]
  const before = readVersions(root, to)[service.name]
  if (!version)
    throw new Error(
      `${service.name} was never released in ${from}: ./maru images push writes its version there.`,
    )
  if (before?.digest === version.digest && before.tag === version.tag)
    throw new Error(`${to} runs ${service.name} ${version.tag} already, as ${from} does.`)
  return { service, from, to, version, before }
}

/**
 * Changes the one line of the target's `versions.yaml` and renders what follows from it. When rendering fails, the line is
 * as it was.
 * @param renderAll what writes the rendered files @returns their paths
 */
export function promote(
  root: string,
  { service, to, version }: Promotion,
  renderAll: () => readonly string[],
): readonly string[] {
  const file = versionsFile(root, to)
  const text = readFileSync(file, 'utf8')
  writeVersion(root, to, service.name, version)
  try {
    return renderAll()
  } catch (error) {
    writeFileSync(file, text)
    throw error
  }
}
