import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
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
  lab: Lab,
  service: Service,
  env: Readonly<Record<string, string>>,
  main?: URL,
): Promise<Program & { readonly url: string }> {
  const child = await ownProcess(service, { ...asDeployed, ...env }, main?.pathname)
  return { url: child.url, ...onMeasuredCore(programOf(lab, child)) }
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

/** Runs a load, and adds what the contender and its stores used meanwhile. */
export async function measured(
  { pid }: Pick<Contender, 'pid'>,
  stores: readonly number[],
  work: () => Promise<Omit<Figures, 'cpuUs' | 'storesCpuUs' | 'rssMiB'>>,
): Promise<Figures> {
  const storesMs = (): number => stores.reduce((sum, one) => sum + usageOf(one).cpuMs, 0)
  const before = { own: usageOf(pid).cpuMs, stores: storesMs() }
  const figures = await work()
  const { cpuMs, rssMiB } = usageOf(pid)
  const perOperation = (ms: number): number => (ms * 1000) / figures.completed
  return {
    ...figures,
    cpuUs: perOperation(cpuMs - before.own),
    storesCpuUs: perOperation(storesMs() - before.stores),
    rssMiB,
  }
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
