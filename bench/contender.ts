import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { within } from '../services/kit/within.ts'
import { until } from '../services/kit/testing/until.ts'
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

const readyWithinMs = 60_000
const stopWithinMs = 5000

/** Starts a program until the end of the run. @throws with what it said, when it is not ready in time */
export async function started(
  lab: Lab,
  argv: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly ready: () => Promise<boolean> },
): Promise<number> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    cwd: lab.folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  const ended = once(child, 'exit')
  lab.atEnd(async () => {
    child.kill('SIGTERM')
    await within(ended, stopWithinMs).catch(() => child.kill('SIGKILL'))
  })
  const ready = until(program, () => options.ready().catch(() => false), readyWithinMs)
  const died = ended.then(() => Promise.reject(new Error('it ended')))
  await Promise.race([ready, died]).catch((error: unknown) => {
    throw new Error(`${argv.join(' ')}: ${(error as Error).message}\n${said}`)
  })
  return child.pid ?? 0
}

/** The same on the measured core. */
export async function contending(...[lab, argv, options]: Parameters<typeof started>) {
  const pid = await started(lab, argv, options)
  measuredAlone(pid)
  return pid
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
