import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { freePorts } from '../local/ports.ts'
import { lastLinesOf } from '../local/log-lines.ts'
import { makePlaces, places } from '../local/paths.ts'
import { clusterTools, obtainBinaries } from '../go/binaries.ts'
import { apiOf, bringUp, type Runner } from './cluster.ts'
import { filesOf, type ClusterSite } from './layout.ts'
import type { Api } from '../kubernetes/api.ts'

/** A cluster that one test file owns. */
export interface OwnCluster {
  readonly site: ClusterSite
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  readonly api: Api
  /** Folder of all programs by tool, for what else a test starts. */
  readonly cache: string
  /** Runs kubectl; what it prints. @throws with its error */
  kubectl(...args: readonly string[]): Promise<string>
  /** Of its processes. */
  pids(): readonly number[]
  /** Ends all processes and deletes the data. */
  stop(): Promise<void>
}

const checkout = new URL('../..', import.meta.url).pathname

/** Starts a cluster of its own on free ports, in a temporary folder. */
export async function ownCluster(): Promise<OwnCluster> {
  const where = places(checkout)
  await makePlaces(where)
  const workshop = { cache: where.cache, say: () => undefined }
  const [apiPort = 0, etcd = 0, etcdPeer = 0, metrics = 0] = await freePorts(4)
  const dir = await mkdtemp(join(tmpdir(), 'maru-cluster-'))
  const site = { dir, ports: { api: apiPort, etcd, etcdPeer, metrics } }
  const runner = childRunner(dir)
  const stop = async (): Promise<void> => {
    await runner.stop()
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await bringUp(site, runner, workshop)
  } catch (error) {
    await stop()
    throw error
  }
  const { kubernetes } = await obtainBinaries(clusterTools, workshop)
  const kubeconfig = filesOf(site).kubeconfig('admin')
  const api = apiOf(site)
  return {
    ...{ site, kubeconfig, api, cache: where.cache },
    kubectl: async (...args) => {
      const program = join(kubernetes, 'kubectl')
      return (await execa(program, ['--kubeconfig', kubeconfig, ...args])).stdout
    },
    pids: runner.pids,
    stop: async () => {
      await api.close()
      await stop()
    },
  }
}

/** Runs commands as children, with a log each in `dir`. `stop` ends them in the reverse order of their start. */
export function childRunner(
  dir: string,
): Runner & { pids(): readonly number[]; stop(): Promise<void> } {
  const children: { name: string; child: ChildProcess; exited: Promise<void> }[] = []
  return {
    start: async ({ name, argv, env }) => {
      const [program = '', ...args] = argv
      const log = openSync(join(dir, `${name}.log`), 'a')
      const child = spawn(program, args, {
        cwd: dir,
        stdio: ['ignore', log, log],
        env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env },
      })
      closeSync(log)
      const exited = new Promise<void>((resolve) => {
        child.once('exit', () => resolve())
        child.once('error', () => resolve())
      })
      children.push({ name, child, exited })
    },
    trouble: async () => {
      const dead = children.find(
        ({ child }) => child.exitCode !== null || child.signalCode !== null,
      )
      return dead && `${dead.name} has ended:\n${lastLinesOf(join(dir, `${dead.name}.log`))}`
    },
    pids: () => children.map(({ child }) => child.pid ?? -1),
    stop: async () => {
      for (const { child, exited } of children.toReversed()) {
        child.kill('SIGTERM')
        await within(exited, child)
      }
    },
  }
}

const patienceMs = 10_000

/** Some programs wait for their API server, which is gone already. */
async function within(exited: Promise<void>, child: ChildProcess): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await exited
  clearTimeout(timer)
}
