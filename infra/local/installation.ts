import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Supply } from './engines/engine.ts'
import type { Places } from './paths.ts'
import { writeJson } from './supervisor/files.ts'

/** Ports of one thing by their names, e.g. `{ main: 8102, admin: 9102 }`. */
export type Ports = Readonly<Record<string, number>>

/** What `up` decided for a checkout; kept, so that the next run finds the same addresses. */
export interface Installation {
  /** How each engine was obtained; absent: not to be had here. */
  readonly supplies: Readonly<Record<string, Supply>>
  /** Ports of engines and of service instances (`rank-1`). */
  readonly ports: Readonly<Record<string, Ports>>
  /** Instances of each service by its name; services that never ran are absent. */
  readonly replicas: Readonly<Record<string, number>>
}

const file = (where: Places) => join(where.state, 'installation.json')

/** What was decided so far; empty in a new checkout. */
export function readInstallation(where: Places): Installation {
  try {
    return JSON.parse(readFileSync(file(where), 'utf8')) as Installation
  } catch {
    return { supplies: {}, ports: {}, replicas: {} }
  }
}

export const saveInstallation = (where: Places, installation: Installation): void =>
  writeJson(file(where), installation)
