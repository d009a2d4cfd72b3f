import { isDeepStrictEqual } from 'node:util'
import { logOf, writeJournal } from './files.ts'
import { keeper, type Keeper } from './keeper.ts'
import type { ProcessSpec, ProcessStatus } from './spec.ts'

export type Outcome = 'started' | 'already' | 'replaced'

/** All processes of a checkout. */
export interface Fleet {
  statuses(): readonly ProcessStatus[]
  /** Starts it; where it runs from another specification and `replace` is set, stops that one first. */
  start(spec: ProcessSpec, replace: boolean): Promise<Outcome>
  /** Stops and starts again, with the pauses of the back-off forgotten. */
  restart(names: readonly string[]): Promise<void>
  /** Stops and forgets; highest tier first, one tier at once. */
  stop(names: readonly string[]): Promise<void>
}

/** @param state the checkout's state folder, where journal, pids and logs lie */
export function fleet(state: string): Fleet {
  const kept = new Map<string, Keeper>()
  const note = (): void =>
    writeJournal(
      state,
      [...kept.values()].flatMap((one) => one.entry() ?? []),
    )
  const launch = (spec: ProcessSpec): void => {
    const made = keeper(spec, logOf(state, spec.name), note)
    kept.set(spec.name, made)
    made.start()
  }
  return {
    statuses: () => [...kept.values()].map((one) => one.status()),
    start: async (spec, replace) => {
      const found = kept.get(spec.name)
      const same = found !== undefined && (!replace || isDeepStrictEqual(found.spec, spec))
      if (same && found.status().phase === 'running') return 'already'
      await found?.stop()
      launch(spec)
      return found === undefined || same ? 'started' : 'replaced'
    },
    restart: async (names) => {
      const those = names.flatMap((name) => kept.get(name) ?? [])
      await Promise.all(
        those.map(async (one) => {
          await one.stop()
          one.start()
        }),
      )
    },
    stop: async (names) => {
      const those = names.flatMap((name) => kept.get(name) ?? [])
      const tiers = [...new Set(those.map(({ spec }) => spec.tier))].sort((a, b) => b - a)
      for (const tier of tiers) {
        await Promise.all(those.filter(({ spec }) => spec.tier === tier).map((one) => one.stop()))
      }
      for (const { spec } of those) kept.delete(spec.name)
      note()
    },
  }
}
