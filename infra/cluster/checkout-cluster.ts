import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readInstallation, saveInstallation } from '../local/installation.ts'
import { lastLinesOf } from '../local/log-lines.ts'
import { makePlaces, type Places } from '../local/paths.ts'
import { planPorts } from '../local/port-plan.ts'
import { reservingPorts } from '../local/port-reservations.ts'
import {
  ensureSupervisor,
  findSupervisor,
  healAfterKill,
  type Supervisor,
} from '../local/supervisor/client.ts'
import { logOf } from '../local/supervisor/files.ts'
import { alone } from '../local/up/up.ts'
import { bringUp, type Runner } from './cluster.ts'
import type { ClusterCommand } from './commands.ts'
import { filesOf, preferredPorts, type ClusterPorts, type ClusterSite } from './layout.ts'

type Say = (line: string) => void

/** What the processes of a cluster are called begins so. */
const prefix = 'cluster-'

/** Those that others lean on stop last. */
const stopOrder: Readonly<Record<string, number>> = { 'cluster-etcd': 0, 'cluster-apiserver': 1 }
const actingTier = 2
/** A server that waits for its clients to leave. */
const stopWithinMs = 10_000

/** The cluster of this checkout, whether it runs or not; undefined when it never has. */
export function clusterOf(where: Places): ClusterSite | undefined {
  const ports = readInstallation(where).ports[listener] as ClusterPorts | undefined
  return ports && { dir: folderOf(where), ports }
}

/** Path of the administrator's kubeconfig while the cluster runs. */
export async function runningKubeconfig(where: Places): Promise<string | undefined> {
  const site = clusterOf(where)
  const running = await clusterProcesses(where)
  const file = site && filesOf(site).kubeconfig('admin')
  return running.length > 0 && file !== undefined && existsSync(file) ? file : undefined
}

/** Names of the cluster's processes that run. */
export async function clusterProcesses(where: Places): Promise<readonly string[]> {
  const all = (await findSupervisor(where.state)?.processes()) ?? []
  return all
    .filter(({ name, phase }) => name.startsWith(prefix) && phase === 'running')
    .map(({ name }) => name)
}

/** Brings this checkout's cluster up, under its supervisor. Harmless when it runs. */
export async function clusterUp(where: Places, say: Say): Promise<ClusterSite> {
  await makePlaces(where)
  return alone(where, { say }, async () => {
    const supervisor = await ensureSupervisor(where.state, say)
    const site = { dir: folderOf(where), ports: await portsOf(where, say) }
    await bringUp(site, supervised(supervisor, where), { cache: where.cache, say })
    return site
  })
}

/** Stops it and deletes its data: it is thrown away. @returns names of what was stopped */
export async function clusterDown(where: Places, say: Say): Promise<readonly string[]> {
  await makePlaces(where)
  return alone(where, { say }, async () => {
    const supervisor = findSupervisor(where.state)
    const healed = supervisor ? [] : await healAfterKill(where.state, say)
    const stopped = supervisor ? await stopIn(supervisor) : healed
    await rm(folderOf(where), { recursive: true, force: true })
    return stopped
  })
}

const listener = 'cluster'
const folderOf = ({ state }: Places): string => join(state, 'cluster')

async function stopIn(supervisor: Supervisor): Promise<readonly string[]> {
  const all = (await supervisor.processes()).map(({ name }) => name)
  const ours = all.filter((name) => name.startsWith(prefix))
  await supervisor.stop(ours)
  // A supervisor without anything to supervise would be left behind.
  if (ours.length === all.length) await supervisor.leave()
  return ours
}

async function portsOf(where: Places, say: Say): Promise<ClusterPorts> {
  const installation = readInstallation(where)
  const running = new Set((await clusterProcesses(where)).length > 0 ? [listener] : [])
  const { ports, moved } = await reservingPorts(where, say, (reserved) =>
    planPorts([{ name: listener, preferred: { ...preferredPorts } }], {
      kept: installation.ports,
      running,
      reserved,
    }),
  )
  for (const { which, from, to } of moved)
    say(`cluster (${which}): port ${from} is taken, ${to} instead`)
  saveInstallation(where, { ...installation, ports: { ...installation.ports, ...ports } })
  return ports[listener] as unknown as ClusterPorts
}

const supervised = (supervisor: Supervisor, where: Places): Runner => ({
  start: async (command) => {
    await supervisor.start(specOf(command, where), true)
  },
  trouble: async () => {
    const all = await supervisor.processes()
    const failing = all.find(
      ({ name, phase, restarts }) =>
        name.startsWith(prefix) && phase === 'waiting' && restarts >= hopelessRestarts,
    )
    return (
      failing &&
      `${failing.name} keeps ending (${failing.lastEnd}):\n${lastLinesOf(logOf(where.state, failing.name))}`
    )
  },
})

/** A process that ended this often before the cluster was up will not stay. */
const hopelessRestarts = 3

const specOf = ({ name, argv, env = {} }: ClusterCommand, where: Places) => ({
  name,
  argv,
  env: { PATH: process.env['PATH'] ?? '', HOME: folderOf(where), ...env },
  cwd: folderOf(where),
  stopSignal: 'SIGTERM' as const,
  stopWithinMs,
  tier: stopOrder[name] ?? actingTier,
  ports: {},
})
