import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ownCluster, type OwnCluster } from '../cluster/own-cluster.ts'
import { clean, prepared, workplace, type Workplace } from './run.ts'

const root = new URL('../..', import.meta.url).pathname

/** What a run of Pulumi printed, and how it ended. */
export interface Ran {
  readonly exitCode: number
  readonly output: string
  readonly seconds: number
}

/** A cluster with a backend of its own, on which a test runs Pulumi as `./maru pulumi` would. */
export interface Bench {
  readonly cluster: OwnCluster
  readonly place: Workplace
  /** Lines that the wrapper said. */
  readonly said: readonly string[]
  pulumi(...words: readonly string[]): Promise<Ran>
  stop(): Promise<void>
}

export async function pulumiBench(): Promise<Bench> {
  const cluster = await ownCluster()
  const base = await mkdtemp(join(tmpdir(), 'maru-pulumi-'))
  const said: string[] = []
  const say = (line: string): void => void said.push(line)
  const where = { root, cache: cluster.cache, secrets: join(base, 'secrets') }
  const stop = async (): Promise<void> => {
    await cluster.stop()
    await rm(base, { recursive: true, force: true })
  }
  try {
    const place = await workplace(where, base, cluster.kubeconfig, say)
    const pulumi: Bench['pulumi'] = async (...words) =>
      run(place, await prepared(place, words, say))
    return { cluster, place, said, pulumi, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Runs the CLI itself, without what the wrapper does before. */
export async function run(place: Workplace, words: readonly string[]): Promise<Ran> {
  const began = performance.now()
  const done = await execa(place.home.program, [...words, '--non-interactive'], {
    cwd: place.folder,
    env: clean(place.env),
    extendEnv: false,
    all: true,
    reject: false,
  })
  const seconds = (performance.now() - began) / 1000
  return { exitCode: done.exitCode ?? 1, output: done.all, seconds }
}
