import { join } from 'node:path'
import type { Service } from '../../../services/model/service.ts'
import type { Topology } from '../../../services/model/topology.ts'
import type { Here } from '../addresses.ts'
import { makeSecrets } from '../credentials.ts'
import { exclusively } from '../engines/lock.ts'
import { readInstallation, type Installation } from '../installation.ts'
import { startJobs, type StartedJob } from '../jobs.ts'
import { enginesFor, instanceName, listenersFor } from '../needs.ts'
import { makePlaces, type Places } from '../paths.ts'
import { planPorts, type Move } from '../port-plan.ts'
import { reservingPorts } from '../port-reservations.ts'
import { ensureSupervisor } from '../supervisor/client.ts'
import { engineJobs } from './engine-jobs.ts'
import { firstRequest, type FirstAnswer } from './first-request.ts'
import { present } from './present.ts'
import { provisionJobs } from './provision.ts'
import { serviceJobs } from './service-jobs.ts'
import { session, type Session } from './session.ts'
import { writeTargets } from './targets.ts'
import { traceStoreListens } from './trace-store.ts'

/** What is to run. */
export interface Wish {
  readonly topology: Topology
  readonly where: Places
  readonly services: readonly Service[]
  /** Also what watches the platform: Prometheus and its like. */
  readonly observed: boolean
  /** Replicas of services by name; the others keep what they have, else run once. */
  readonly replicas: Readonly<Record<string, number>>
}

/** How a run is shown to people. */
export interface Show {
  /** One line outside the list of jobs. */
  say(line: string): void
  /** Shows jobs until all have ended. @throws Error of the first vital one that failed */
  jobs(started: readonly StartedJob[]): Promise<void>
}

export interface UpResult {
  readonly here: Here
  /** Process ids of what runs now, by name. */
  readonly running: ReadonlyMap<string, number | undefined>
  readonly first: FirstAnswer | undefined
}

const lockWithinMs = 300_000

/** Runs `work` while no other command changes what runs in this checkout. */
export function alone<Value>(where: Places, show: Pick<Show, 'say'>, work: () => Promise<Value>) {
  const turn = {
    file: join(where.state, 'up.lock'),
    what: 'start or stop this checkout',
    deadlineMs: lockWithinMs,
    say: show.say,
  }
  return exclusively(turn, work)
}

/** Brings everything that is wished for up, and returns when a real request went through. Idempotent. */
export async function up(wish: Wish, show: Show): Promise<UpResult> {
  await makePlaces(wish.where)
  return alone(wish.where, show, async () => {
    const supervisor = await ensureSupervisor(wish.where.state, show.say)
    const run = await prepare(wish, supervisor, show)
    const engines = await present(enginesFor(wish.services, wish.observed), run)
    const jobs = startJobs([
      ...engineJobs(engines, run),
      ...provisionJobs(run).filter(({ after }) => engines.some(({ name }) => after.includes(name))),
      ...serviceJobs(wish.services, run),
    ])
    // What did start is watched, also when something else did not.
    await show.jobs(jobs).finally(async () => writeTargets(run.here, await supervisor.processes()))
    return finish(run)
  })
}

async function prepare(
  wish: Wish,
  supervisor: Session['supervisor'],
  show: Show,
): Promise<Session> {
  const { topology, where } = wish
  await makeSecrets(topology, where.secrets)
  const installation = readInstallation(where)
  const before = await supervisor.processes()
  const here = { topology, where, installation }
  const run = session(here, supervisor, before)
  const replicas = replicasOf(wish, installation)
  await stopSurplus(run, replicas)
  const listeners = listenersFor(topology.services, replicas)
  const plan = await reservingPorts(where, show.say, (reserved) =>
    planPorts(listeners, { kept: installation.ports, running: run.running, reserved }),
  )
  for (const move of plan.moved.filter(concerns(wish, run))) show.say(sentence(move))
  run.decide((old) => ({ ...old, replicas, ports: { ...old.ports, ...plan.ports } }))
  return run
}

function replicasOf({ services, replicas }: Wish, { replicas: kept }: Installation) {
  const wanted = services.map(({ name }) => [name, replicas[name] ?? kept[name] ?? 1])
  return { ...kept, ...(Object.fromEntries(wanted) as Record<string, number>) }
}

// Fewer replicas than before: the last ones leave.
async function stopSurplus(run: Session, replicas: Readonly<Record<string, number>>) {
  const { topology, installation } = run.here
  const surplus = topology.services.flatMap((service) => {
    const keep = replicas[service.name] ?? 0
    const had = installation.replicas[service.name] ?? 0
    return Array.from({ length: Math.max(0, had - keep) }, (_, at) =>
      instanceName(service, keep + at + 1),
    )
  })
  await run.supervisor.stop(surplus)
}

/** Engines that are in no registry: where they are not installed, nobody wants to hear of their ports. */
const onlyOnPath: ReadonlySet<string> = new Set(['tempo', 'grafana'])

// Ports of what does not run in this run matter to nobody yet, nor do ours where the user has a server.
function concerns({ services, observed }: Wish, run: Session) {
  const starting = new Set([
    ...enginesFor(services, observed).map(({ name }) => name),
    ...services.map(({ name }) => name),
  ])
  return ({ name }: Move): boolean => {
    const own = process.env[`MARU_${name.toUpperCase().replaceAll('-', '_')}_ADDRESS`]
    const known = starting.has(name) || starting.has(name.replace(/-\d+$/, ''))
    if (onlyOnPath.has(name) && run.here.installation.supplies[name] === undefined) return false
    // Further replicas never get the port of the first.
    return known && own === undefined && !run.running.has(name) && !/-[2-9]$/.test(name)
  }
}

function sentence({ name, which, from, to }: Move): string {
  const label = which === 'main' ? name : `${name} (${which})`
  return `${label}: port ${from} is taken, using ${to}`
}

async function finish(run: Session): Promise<UpResult> {
  const processes = await run.supervisor.processes()
  await traceStoreListens(run.here)
  const running = new Map(
    processes.filter(({ phase }) => phase === 'running').map(({ name, pid }) => [name, pid]),
  )
  return { here: run.here, running, first: await firstRequest(run.here, running) }
}
