import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exclusively } from './engines/lock.ts'
import type { Places } from './paths.ts'
import type { PortPlan } from './port-plan.ts'
import { writeJson } from './supervisor/files.ts'
import { isRunning, startTimeOf } from './supervisor/process-table.ts'

/** Ports that the `up` of a checkout has chosen and may not have bound yet. */
interface Reservation {
  readonly state: string
  /** The process of that `up`; the reservation ends with it. */
  readonly pid: number
  readonly startTime: string
  readonly ports: readonly number[]
}

const withinMs = 30_000

/**
 * Plans ports so that two checkouts that start at the same moment do not choose the same free ones: what is
 * chosen stays reserved, for all checkouts that share the cache, until this process ends.
 */
export async function reservingPorts(
  { cache, state }: Places,
  say: (line: string) => void,
  plan: (reserved: ReadonlySet<number>) => Promise<PortPlan>,
): Promise<PortPlan> {
  const file = join(cache, 'port-reservations.json')
  const turn = { file: join(cache, 'ports.lock'), what: 'choose ports', deadlineMs: withinMs, say }
  return exclusively(turn, async () => {
    const others = read(file).filter((one) => one.state !== state && isRunning(one))
    const chosen = await plan(new Set(others.flatMap(({ ports }) => ports)))
    const ports = Object.values(chosen.ports).flatMap((named) => Object.values(named))
    const startTime = startTimeOf(process.pid) ?? ''
    writeJson(file, [...others, { state, pid: process.pid, startTime, ports }])
    return chosen
  })
}

function read(file: string): readonly Reservation[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Reservation[]
  } catch {
    return []
  }
}
