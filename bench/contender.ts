import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'undici'
import { ownProcess } from '../services/kit/testing/own-process.ts'
import { until } from '../services/kit/testing/until.ts'
import { within } from '../services/kit/within.ts'
import type { Service } from '../services/model/service.ts'
import { measuredAlone } from './cores.ts'
import type { Figures } from './benchmark.ts'
import type { Lab } from './lab.ts'
import { usageOf } from './process-cpu.ts'

/** One of those that are compared, running on the measured core. */
export interface Contender {
  readonly name: string
  readonly pid: number
  readonly url: string
}

/** What was started for this run, and ends with it at the latest. */
export interface Program {
  readonly pid: number
  stop(): Promise<void>
}

/** A JVM on a busy machine takes its time. */
const readyWithinMs = 120_000
const stopWithinMs = 5000

/** Starts a program of a peer or a stub. @throws with what it said, when it is not ready in time */
export async function started(
  lab: Lab,
  argv: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly ready: () => Promise<boolean> },
): Promise<Program> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    cwd: lab.folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  const running = programOf(lab, child)
  const ready = until(program, () => options.ready().catch(() => false), readyWithinMs)
  const died = once(child, 'exit').then(() => Promise.reject(new Error('it ended')))
  died.catch(() => undefined)
  await Promise.race([ready, died]).catch((error: unknown) => {
    throw new Error(`${argv.join(' ')}: ${(error as Error).message}\n${said}`)
  })
  return running
}

/** The same on the measured core. */
export const contending = async (...given: Parameters<typeof started>): Promise<Program> =>
  onMeasuredCore(await started(...given))

/** One of our services, or a peer with its declaration, as its users run it: on the measured core. */
export async function ownService(
  ...given: Parameters<typeof neighbour>
): Promise<Program & { readonly url: string }> {
  const running = await neighbour(...given)
  return { ...running, ...onMeasuredCore(running) }
}

/** The same for a service that what is measured asks: on the other core. */
export async function neighbour(
  lab: Lab,
  service: Service,
  env: Readonly<Record<string, string>>,
  main?: URL,
): Promise<Program & { readonly url: string }> {
  const child = await ownProcess(service, { ...asDeployed, ...env }, main?.pathname)
  return { url: child.url, ...programOf(lab, child) }
}

/** What a bench for tests sets otherwise. */
const asDeployed = { OVERLOAD_AFTER_MS: '500' }

function onMeasuredCore(program: Program): Program {
  measuredAlone(program.pid)
  return program
}

function programOf(lab: Lab, child: ChildProcess): Program {
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await within(ended, stopWithinMs).catch(() => child.kill('SIGKILL'))
  }
  lab.atEnd(stop)
  return { pid: child.pid ?? 0, stop }
}

/** Tells a program with controls (kit/testing) what to do. @throws Error with what it answered */
export async function told<Found>(url: string, words: string): Promise<Found> {
  const asked = { method: 'POST', headersTimeout: 0 } as const
  const { statusCode, body } = await request(`${url}/${words}`, asked)
  if (statusCode !== 200) throw new Error(await body.text())
  return (await body.json()) as Found
}

type Counted = Omit<Figures, 'cpuUs' | 'storesCpuUs' | 'rssMiB'>

/** Runs a load, and adds what the contender and its stores used meanwhile. */
export async function measured(
  { pid }: Pick<Contender, 'pid'>,
  stores: readonly number[],
  work: () => Promise<Counted>,
): Promise<Figures> {
  const before = usageOf(pid).cpuMs
  const figures = await withStores(stores, work)
  const { cpuMs, rssMiB } = usageOf(pid)
  return { ...figures, cpuUs: ((cpuMs - before) * 1000) / figures.completed, rssMiB }
}

/** The same for a contender whose process lasts no longer than its load. */
export async function withStores(
  stores: readonly number[],
  work: () => Promise<Counted>,
): Promise<Figures> {
  const used = (): number => stores.reduce((sum, one) => sum + usageOf(one).cpuMs, 0)
  const before = used()
  const figures = await work()
  return { ...figures, storesCpuUs: ((used() - before) * 1000) / figures.completed }
}

/** Compilers have seen a program's hot paths after this many operations. */
const firstOperations = 40_000
/** However slow the machine is. */
const warmWithinMs = 40_000

/** Repeats a load before anything counts. */
export async function warm(
  load: () => Promise<Pick<Figures, 'completed'>>,
  operations = firstOperations,
): Promise<void> {
  const end = performance.now() + warmWithinMs
  for (let done = 0; done < operations && performance.now() < end;) done += (await load()).completed
}
