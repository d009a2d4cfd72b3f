import { randomUUID } from 'node:crypto'
import type { PageViewEvent } from '../topics.ts'
import { chanceOf, intChance } from './chance.ts'
import { pickerOf } from './scenarios.ts'
import type { Parameters } from './wishes.ts'

/** Of ten events nine are views and one is a like. */
export const viewShare = 0.9

/** Makes the n-th event of a run. Everything but `eventId` and `ts` follows from the seed. */
export type Reader = (n: number, elapsedMs: number) => PageViewEvent

/** @param clock epoch milliseconds, for `ts` */
export function readers(parameters: Parameters, clock: () => number): Reader {
  const { scenario, contentPool, userPool, seed } = parameters
  const pick = pickerOf(scenario, contentPool, seed)
  return (n, elapsedMs) => ({
    eventId: randomUUID(),
    userId: `u-${intChance(chanceOf(seed, n, 'reader'), userPool)}`,
    contentId: contentIdOf(pick(chanceOf(seed, n, 'title'), elapsedMs)),
    ts: clock(),
    props: { action: chanceOf(seed, n, 'action') < viewShare ? 'view' : 'like' },
  })
}

/** Id of the n-th title, e.g. `w-007`. */
export const contentIdOf = (n: number): string => `w-${String(n).padStart(3, '0')}`
