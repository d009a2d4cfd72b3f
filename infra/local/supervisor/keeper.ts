import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { startTimeOf } from './process-table.ts'
import { backOff, type Entry, type Phase, type ProcessSpec, type ProcessStatus } from './spec.ts'

/** Keeps one process running until it is told to stop. */
export interface Keeper {
  readonly spec: ProcessSpec
  status(): ProcessStatus
  entry(): Entry | undefined
  /** Does nothing when it runs. */
  start(): void
  /** Resolves when the process is gone; kills it after `stopWithinMs`. */
  stop(): Promise<void>
}

/**
 * Makes a keeper; nothing starts yet.
 * @param log file that takes what the process writes
 * @param changed called whenever a process appeared or went
 */
export function keeper(spec: ProcessSpec, log: string, changed: () => void): Keeper {
  const life: Life = { phase: 'stopped', since: Date.now(), restarts: 0, pauseMs: backOff.firstMs }
  const kept = { spec, log, changed, life }
  return {
    spec,
    status: () => ({
      name: spec.name,
      tier: spec.tier,
      ports: spec.ports,
      phase: life.phase,
      since: life.since,
      restarts: life.restarts,
      lastEnd: life.lastEnd,
      pid: life.child?.pid,
    }),
    entry: () => entryOf(spec, life),
    start: () => {
      if (life.phase === 'running' || life.phase === 'stopping') return
      clearTimeout(life.timer)
      Object.assign(life, { restarts: 0, pauseMs: backOff.firstMs })
      launch(kept)
    },
    stop: () => (life.stopping ??= stop(kept).finally(() => delete life.stopping)),
  }
}

interface Life {
  phase: Phase
  since: number
  restarts: number
  pauseMs: number
  lastEnd?: string
  child?: ChildProcess
  startTime?: string | undefined
  timer?: NodeJS.Timeout
  stopping?: Promise<void>
  ended?: Promise<void>
}

interface Kept {
  readonly spec: ProcessSpec
  readonly log: string
  readonly changed: () => void
  readonly life: Life
}

function launch(kept: Kept): void {
  const { spec, log, life } = kept
  const [program = '', ...args] = spec.argv
  // Appending lets the rotation empty the file under the process.
  const output = openSync(log, 'a', 0o600)
  const child = spawn(program, args, {
    cwd: spec.cwd,
    env: spec.env,
    stdio: ['ignore', output, output],
    detached: true,
  })
  closeSync(output)
  life.child = child
  life.startTime = child.pid === undefined ? undefined : startTimeOf(child.pid)
  enter(kept, 'running')
  life.ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(ended(kept, signal ?? `code ${code}`)))
    child.once('error', (error) => resolve(ended(kept, error.message)))
  })
}

function ended(kept: Kept, how: string): void {
  const { life, spec } = kept
  const livedMs = Date.now() - life.since
  delete life.child
  life.lastEnd = how
  if (life.phase === 'stopping' || spec.once === true) return enter(kept, 'stopped')
  if (livedMs > backOff.resetAfterMs) life.pauseMs = backOff.firstMs
  enter(kept, 'waiting')
  life.timer = setTimeout(() => {
    life.restarts += 1
    launch(kept)
  }, life.pauseMs)
  life.pauseMs = Math.min(life.pauseMs * 2, backOff.maxMs)
}

async function stop(kept: Kept): Promise<void> {
  const { spec, life } = kept
  clearTimeout(life.timer)
  if (life.child === undefined) return enter(kept, 'stopped')
  const { child } = life
  enter(kept, 'stopping')
  child.kill(spec.stopSignal)
  const late = setTimeout(() => child.kill('SIGKILL'), spec.stopWithinMs)
  await life.ended
  clearTimeout(late)
}

function enter({ life, changed }: Kept, phase: Phase): void {
  life.phase = phase
  life.since = Date.now()
  changed()
}

function entryOf(spec: ProcessSpec, { child, startTime }: Life): Entry | undefined {
  if (child?.pid === undefined || startTime === undefined) return undefined
  const { name, stopSignal, stopWithinMs, tier } = spec
  return { name, stopSignal, stopWithinMs, tier, pid: child.pid, startTime }
}
