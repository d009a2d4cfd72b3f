import { engines } from '../engines/engines.ts'
import { readInstallation } from '../installation.ts'
import type { Places } from '../paths.ts'
import type { Topology } from '../../../services/model/topology.ts'
import { findSupervisor } from '../supervisor/client.ts'
import { bringUp } from './engine-jobs.ts'
import { session } from './session.ts'
import { writeTargets } from './targets.ts'
import { alone } from './up.ts'

interface Joining {
  readonly name: string
  readonly topology: Topology
  readonly where: Places
  say(line: string): void
}

/** Fetches an engine that is not vital and lets it join a platform that already runs. */
export async function joinEngine({ name, topology, where, say }: Joining): Promise<void> {
  const engine = engines[name]
  if (!engine) throw new Error(`There is no engine "${name}".`)
  const supply = await engine.obtain({ cache: where.cache, env: process.env, install: true, say })
  if (supply === undefined) throw new Error(engine.missing)
  await alone(where, { say }, async () => {
    const supervisor = findSupervisor(where.state)
    if (!supervisor) return
    const here = { topology, where, installation: readInstallation(where) }
    const run = session(here, supervisor, await supervisor.processes())
    say(`${name} ${(await bringUp(engine, run, say)) ?? ''}`)
    await writeTargets(run.here, await supervisor.processes())
  })
}
