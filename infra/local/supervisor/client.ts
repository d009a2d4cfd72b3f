import { spawn } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { poll } from '../poll.ts'
import { filesOf, logOf, readContact } from './files.ts'
import { endOrphans } from './orphans.ts'
import { isRunning } from './process-table.ts'
import type { Outcome } from './fleet.ts'
import type { Contact, ProcessSpec, ProcessStatus } from './spec.ts'

/** What the command line asks of a checkout's supervisor. */
export interface Supervisor {
  readonly pid: number
  processes(): Promise<readonly ProcessStatus[]>
  start(spec: ProcessSpec, replace: boolean): Promise<Outcome>
  restart(names: readonly string[]): Promise<void>
  stop(names: readonly string[]): Promise<void>
  /** Stops everything and the supervisor itself; resolves when it is gone. */
  leave(): Promise<void>
}

/** The supervisor that runs for this state folder, or undefined. */
export function findSupervisor(state: string): Supervisor | undefined {
  const contact = readContact(state)
  return contact && isRunning(contact) ? connect(contact) : undefined
}

const startWithinMs = 10_000

/**
 * The supervisor, started if none runs; what a killed one left behind is ended first.
 * @param say told what was ended
 */
export async function ensureSupervisor(
  state: string,
  say: (line: string) => void,
): Promise<Supervisor> {
  const found = findSupervisor(state)
  if (found) return found
  await healAfterKill(state, say)
  launch(state)
  const wait = { withinMs: startWithinMs, everyMs: 20 }
  const started = await poll(() => findSupervisor(state), wait)
  if (started) return started
  throw new Error(
    `The supervisor did not start within ${startWithinMs / 1000} s: ${logOf(state, 'supervisor')} says why.`,
  )
}

/** Ends what a killed supervisor left behind, if there is anything. @returns the names of what was ended */
export async function healAfterKill(
  state: string,
  say: (line: string) => void,
): Promise<readonly string[]> {
  const ended = await endOrphans(state)
  if (ended.length > 0) say(`ended what a killed supervisor left behind: ${ended.join(', ')}`)
  rmSync(filesOf(state).contact, { force: true })
  return ended
}

// It holds no data, so a small heap keeps it small.
const flags = ['--max-old-space-size=64', '--max-semi-space-size=1']

function launch(state: string): void {
  const output = openSync(logOf(state, 'supervisor'), 'a', 0o600)
  const args = [...flags, join(import.meta.dirname, 'main.ts'), state]
  const options = { detached: true, cwd: state, stdio: ['ignore', output, output] as const }
  const { PATH = '', HOME = '' } = process.env
  spawn(process.execPath, args, {
    ...options,
    stdio: [...options.stdio],
    env: { PATH, HOME },
  }).unref()
  closeSync(output)
}

// Longer than all tiers together may take to stop.
const leaveWithinMs = 90_000

async function goneWithin(contact: Contact, ms: number): Promise<void> {
  const gone = await poll(() => !isRunning(contact) || undefined, { withinMs: ms, everyMs: 20 })
  if (gone === true) return
  throw new Error(
    `The supervisor (process ${contact.pid}) has not stopped everything within ${ms / 1000} s: ` +
      `end it with kill -9 ${contact.pid} and run ./maru down again.`,
  )
}

function connect(contact: Contact): Supervisor {
  const ask = async <Value>(line: string, asked?: unknown): Promise<Value> => {
    const [method = 'GET', path = '/'] = line.split(' ')
    const response = await fetch(contact.url + path, {
      method,
      headers: { authorization: `Bearer ${contact.token}` },
      ...(asked !== undefined && { body: JSON.stringify(asked) }),
    })
    const value: unknown = await response.json()
    if (!response.ok)
      throw new Error(`The supervisor answered ${response.status}: ${String(value)}`)
    return value as Value
  }
  return {
    pid: contact.pid,
    processes: () => ask('GET /processes'),
    start: (spec, replace) => ask('POST /start', { spec, replace }),
    restart: (names) => ask('POST /restart', { names }),
    stop: (names) => ask('POST /stop', { names }),
    leave: async () => {
      await ask('POST /leave', {})
      await goneWithin(contact, leaveWithinMs)
    },
  }
}
