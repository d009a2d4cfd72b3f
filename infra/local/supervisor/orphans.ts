import { setTimeout as delay } from 'node:timers/promises'
import { readJournal, writeJournal } from './files.ts'
import { isRunning } from './process-table.ts'
import type { Entry } from './spec.ts'

/**
 * Ends what a killed supervisor left behind, recognised by pid and start time: gracefully, highest tier first,
 * killed when it takes too long.
 * @returns the names of what was ended
 */
export async function endOrphans(state: string): Promise<readonly string[]> {
  const orphans = orphansIn(state)
  const tiers = [...new Set(orphans.map(({ tier }) => tier))].sort((a, b) => b - a)
  for (const tier of tiers) {
    await Promise.all(orphans.filter((one) => one.tier === tier).map(end))
  }
  writeJournal(state, [])
  return orphans.map(({ name }) => name)
}

/** What still runs of a supervisor's children; only without a supervisor are they orphans. */
export const orphansIn = (state: string): readonly Entry[] => readJournal(state).filter(isRunning)

const killedWithinMs = 5_000

async function end(orphan: Entry): Promise<void> {
  signal(orphan, orphan.stopSignal)
  if (await gone(orphan, orphan.stopWithinMs)) return
  signal(orphan, 'SIGKILL')
  if (await gone(orphan, killedWithinMs)) return
  throw new Error(
    `${orphan.name} (process ${orphan.pid}) was left behind by a killed supervisor and does not end: ` +
      `end it with kill -9 ${orphan.pid} and try again.`,
  )
}

function signal(orphan: Entry, name: NodeJS.Signals): void {
  try {
    process.kill(orphan.pid, name)
  } catch {
    // It ended by itself in between.
  }
}

async function gone(orphan: Entry, withinMs: number): Promise<boolean> {
  for (const until = Date.now() + withinMs; Date.now() < until; await delay(50)) {
    if (!isRunning(orphan)) return true
  }
  return !isRunning(orphan)
}
