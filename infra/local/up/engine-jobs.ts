import { argv, waitReady } from '../engines/launch.ts'
import type { Engine, Site } from '../engines/engine.ts'
import type { Job } from '../jobs.ts'
import { traceStores } from '../needs.ts'
import { siteOf } from '../sites.ts'
import { logOf } from '../supervisor/files.ts'
import type { ProcessSpec } from '../supervisor/spec.ts'
import { crashLoop } from './crash-loop.ts'
import { fetchLater } from './fetch-later.ts'
import { preparations } from './provision.ts'
import type { Session } from './session.ts'
import { removeStaleLock } from './stale-lock.ts'

/** Tiers of the stop order: services end first, then what looks at engines, then engines. */
export const tiers = { engine: 0, observer: 1, service: 2 }

/** Jobs that obtain and start engines; one that is not vital never keeps anybody waiting. */
export function engineJobs(chosen: readonly Engine[], run: Session): readonly Job[] {
  return chosen.map((engine) => ({
    name: engine.name,
    title: engine.summary,
    vital: engine.vital,
    // An exporter logs in as a user that the preparation of its engine makes.
    after: (engine.after ?? []).map((name) => preparations[name] ?? name),
    work: (say) => bringUp(engine, run, say),
  }))
}

/** Obtains, configures and starts an engine, and waits until it answers if it is vital. */
export async function bringUp(engine: Engine, run: Session, say: (line: string) => void) {
  const already = run.running.has(engine.name)
  const supply = already
    ? run.here.installation.supplies[engine.name]
    : await obtain(engine, run, say)
  if (supply === undefined && isTraceStore(engine)) return fetchLater(engine, run)
  if (supply === undefined) throw new Error(engine.missing)
  run.decide((before) => ({ ...before, supplies: { ...before.supplies, [engine.name]: supply } }))
  const site = await siteOf(engine.name, run.here.where, run.here.installation)
  if (supply.from !== 'address') await launch(engine, site, run)
  if (!engine.vital) return already ? 'already running' : `${supply.reason}, joins when ready`
  await ready(engine, site, run)
  return already ? 'already running' : supply.reason
}

const isTraceStore = ({ name }: Engine): boolean => traceStores.some((one) => one === name)

// A trace store that must be fetched first is fetched beside the platform.
const obtain = (engine: Engine, run: Session, say: (line: string) => void) =>
  engine.obtain({ ...run.workshop(say), install: !isTraceStore(engine) })

async function launch(engine: Engine, site: Site, run: Session): Promise<void> {
  if (!run.running.has(engine.name)) await removeStaleLock(site)
  await engine.prepare(site)
  const outcome = await run.supervisor.start(specOf(engine, site), false)
  if (outcome === 'already') await engine.reload?.(site)
}

/** How the supervisor runs an engine. */
function specOf(engine: Engine, site: Site): ProcessSpec {
  const command = engine.command(site)
  return {
    name: engine.name,
    argv: argv(command, site),
    env: {},
    cwd: command.cwd ?? site.dir,
    stopSignal: engine.stopSignal,
    stopWithinMs: engine.stopWithinMs,
    tier: engine.after === undefined ? tiers.engine : tiers.observer,
    ports: site.ports,
  }
}

async function ready(engine: Engine, site: Site, run: Session): Promise<void> {
  const log = logOf(run.here.where.state, engine.name)
  const watch = crashLoop(engine.name, run.supervisor)
  try {
    const deadlineMs = engine.readyWithinMs
    await waitReady(engine, site, { deadlineMs, exited: watch.hopeless, log })
  } finally {
    watch.stop()
  }
}
