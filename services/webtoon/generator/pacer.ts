import { due } from './scenarios.ts'
import type { Parameters } from './wishes.ts'

/** What falls behind by more is left out, so that a pause does not end in a flood. */
const behindMs = 1000

/** Events to make now. */
export interface Share {
  /** Number of the first of them within the run. */
  readonly first: number
  readonly count: number
  /** How many will never be made because they fell due too long ago. */
  readonly skipped: number
}

/** Keeps a run at its rate: what is due follows from the time that has passed, never from how ticks were rounded. */
export interface Pacer {
  /** @param elapsedMs since the start of the run; @param most of one share */
  take(elapsedMs: number, most: number): Share
  /** Whether everything that the duration allows has been taken. */
  finished(elapsedMs: number): boolean
}

export function pacer({ eps, scenario, duration }: Parameters): Pacer {
  const endMs = duration === null ? Infinity : duration * 1000
  const dueAt = (elapsedMs: number): number =>
    due(scenario, eps, Math.max(0, Math.min(elapsedMs, endMs)))
  let next = 0
  return {
    take: (elapsedMs, most) => {
      const skipped = Math.max(0, dueAt(elapsedMs - behindMs) - next)
      const first = next + skipped
      const count = Math.min(most, dueAt(elapsedMs) - first)
      next = first + count
      return { first, count, skipped }
    },
    finished: (elapsedMs) => elapsedMs >= endMs && next >= dueAt(endMs),
  }
}
