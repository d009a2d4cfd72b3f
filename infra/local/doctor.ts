import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Here } from './addresses.ts'
import { throwAwayCluster } from './doctor-stack.ts'
import type { Engine } from './engines/engine.ts'
import { engines } from './engines/engines.ts'
import { findJdk } from './engines/jdk.ts'
import { onPath } from './engines/search-path.ts'
import { listenersFor } from './needs.ts'
import { planPorts } from './port-plan.ts'

/** One thing that was looked at. `optional`: the platform runs without it. */
export interface Finding {
  readonly subject: string
  readonly state: 'ok' | 'optional' | 'missing'
  /** What was found and why, or what is missing with the command that mends it. */
  readonly text: string
}

/** Looks at the machine; changes and installs nothing. */
export async function examine(
  here: Here,
  running: ReadonlySet<string>,
): Promise<readonly Finding[]> {
  const { cache, state } = here.where
  return [
    { subject: 'node', state: 'ok', text: `${process.version} from ${process.execPath}` },
    jdk('JDK for Kafka and Zipkin', 17),
    jdk('JDK for OpenSearch', 21),
    maven(),
    ...(await Promise.all(Object.values(engines).map((engine) => supply(engine, cache)))),
    folder('cache', cache),
    folder('state', state),
    rights(),
    throwAwayCluster(cache),
    ...(await ports(here, running)),
  ]
}

function jdk(subject: string, atLeast: number): Finding {
  const found = findJdk({ env: process.env }, { atLeast })
  const text = found
    ? `${found.runtime} from ${found.home}`
    : `none from ${atLeast} on: install one (sudo apt-get install openjdk-${atLeast}-jdk-headless) or name it in MARU_JAVA_HOME`
  return { subject, state: found ? 'ok' : 'missing', text }
}

function maven(): Finding {
  const found = onPath(process.env, ['mvn'])
  const text = found ?? 'none: run sudo apt-get install maven (only needed to fetch servers once)'
  return { subject: 'maven', state: found === undefined ? 'optional' : 'ok', text }
}

async function supply(engine: Engine, cache: string): Promise<Finding> {
  const workshop = { cache, env: process.env, install: false, say: () => undefined }
  const found = await engine.obtain(workshop).catch((error: Error) => error)
  const subject = engine.name
  if (found instanceof Error) return { subject, state: 'missing', text: found.message }
  if (found) return { subject, state: 'ok', text: found.reason }
  const state = engine.vital && !canFetch() ? 'missing' : 'optional'
  return { subject, state, text: `not here yet; ./maru up fetches what it can. ${engine.missing}` }
}

const canFetch = (): boolean =>
  process.getuid?.() === 0 || onPath(process.env, ['mvn']) !== undefined

function folder(subject: string, path: string): Finding {
  let there = path
  while (!existsSync(there)) there = dirname(there)
  try {
    accessSync(there, constants.W_OK)
    return { subject, state: 'ok', text: path }
  } catch {
    const variable = subject === 'cache' ? 'MARU_CACHE' : 'MARU_STATE'
    const text = `${there} cannot be written: give ${variable} a folder of yours`
    return { subject, state: 'missing', text }
  }
}

function rights(): Finding {
  const root = process.getuid?.() === 0
  const text = root
    ? 'root: packages can be installed, and each server runs as a user of its own'
    : 'not root: servers run as you; missing Debian packages must be installed by hand'
  return { subject: 'rights', state: 'ok', text }
}

async function ports(
  { topology, installation }: Here,
  running: ReadonlySet<string>,
): Promise<readonly Finding[]> {
  const listeners = listenersFor(topology.services, installation.replicas)
  const { moved } = await planPorts(listeners, { kept: installation.ports, running })
  if (moved.length === 0) {
    return [{ subject: 'ports', state: 'ok', text: 'all free, or held by this checkout' }]
  }
  return moved.map(({ name, which, from, to }) => ({
    subject: 'ports',
    state: 'optional',
    text: `${name} (${which}): ${from} is taken by another program; ./maru up would use ${to} (ss -ltnp shows who)`,
  }))
}
