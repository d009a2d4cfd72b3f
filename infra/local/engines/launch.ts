import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { within } from '../../../services/kit/within.ts'
import type { Command, Engine, Site } from './engine.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** An engine's process, a direct child of the caller. */
export interface Running {
  readonly pid: number
  /** Clean stop; after `stopWithinMs` it is killed. Resolves when the process is gone. */
  stop(): Promise<Exit>
  kill(signal: NodeJS.Signals): void
  readonly exited: Promise<Exit>
}

interface Readiness {
  readonly deadlineMs: number
  /** Resolves when the process ends, so that nobody waits for a dead one. */
  readonly exited?: Promise<unknown>
  /** Log file whose last lines explain a failure. */
  readonly log?: string
}

const noAnswer = 'no answer'
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The full command line: drops to the engine's own account and starts from a clean environment, so that
 * nothing of the caller's (tokens, proxies, NODE_OPTIONS) reaches a server. Secrets travel by file only.
 */
export function argv(command: Command, site: Pick<Site, 'owner' | 'dir'>): string[] {
  const environment = { PATH: path, HOME: site.dir, LANG: 'C.UTF-8', ...command.env }
  const pairs = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const plain = ['/usr/bin/env', '-i', ...pairs, command.program, ...command.args]
  if (site.owner === undefined) return plain
  const { uid, gid } = site.owner
  return ['/usr/bin/setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--', ...plain]
}

/** Starts the engine's process. `stdout` is an open file descriptor that takes its output and errors. */
export function start(engine: Engine, site: Site, output: { readonly stdout: number }): Running {
  const command = engine.command(site)
  const [program = '', ...args] = argv(command, site)
  const { stdout } = output
  const child = spawn(program, args, {
    cwd: command.cwd ?? site.dir,
    stdio: ['ignore', stdout, stdout],
  })
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: 127, signal: null }))
  })
  const running = {
    pid: child.pid ?? -1,
    exited,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
  }
  return { ...running, stop: () => stop(engine, running) }
}

async function stop(engine: Engine, running: Pick<Running, 'exited' | 'kill'>): Promise<Exit> {
  const patience = new AbortController()
  const late = delay(engine.stopWithinMs, true, { signal: patience.signal }).catch(() => false)
  running.kill(engine.stopSignal)
  if ((await Promise.race([running.exited, late])) === true) running.kill('SIGKILL')
  patience.abort()
  return running.exited
}

/** Runs a program of the engine to its end, as the engine's account; rejects with its last 40 lines: some give advice after the cause. */
export async function run(command: Command, site: Site, timeoutMs: number): Promise<string> {
  const [program = '', ...args] = argv(command, site)
  const options = {
    cwd: command.cwd ?? site.dir,
    all: true,
    reject: false,
    timeout: timeoutMs,
  } as const
  const done = await execa(program, args, options)
  if (!done.failed) return done.all
  const why = done.timedOut
    ? `took longer than ${timeoutMs / 1000} s`
    : `ended with ${done.exitCode}`
  throw new Error(`${command.program} ${why}:\n${lastLines(done.all, 40)}`)
}

/**
 * Waits until a real request is answered. Rejects when the process ends or after `deadlineMs`, with the
 * last reason and the last lines of the log.
 */
export async function waitReady(engine: Engine, site: Site, wait: Readiness): Promise<void> {
  const until = Date.now() + wait.deadlineMs
  let ended = false
  void wait.exited?.then(() => (ended = true))
  for (let reason = noAnswer; ;) {
    try {
      await within(engine.probe(site), Math.max(1, until - Date.now()), noAnswer)
      return
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      // A probe that the deadline cut off knows less than the one before it.
      if (said !== noAnswer) reason = said
    }
    if (ended)
      throw await failure(`${engine.name} ended before it was ready (${reason}).`, wait.log)
    if (Date.now() >= until) {
      const seconds = wait.deadlineMs / 1000
      throw await failure(`${engine.name} was not ready within ${seconds} s (${reason}).`, wait.log)
    }
    await delay(Math.min(50, Math.max(1, until - Date.now())))
  }
}

async function failure(sentence: string, log: string | undefined): Promise<Error> {
  if (log === undefined) return new Error(sentence)
  const text = await readFile(log, 'utf8').catch(() => '')
  return new Error(`${sentence} The last lines of ${log}:\n${lastLines(text)}`)
}

const lastLines = (text: string, count = 12) => text.trimEnd().split('\n').slice(-count).join('\n')
