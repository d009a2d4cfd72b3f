import type { Context } from '../../kit/context.ts'
import { Problem } from '../../kit/problem.ts'
import * as metrics from './metrics.ts'
import type { Applied, Standing } from './store.ts'

type Outcomes = Exclude<Applied, { fence: unknown }>

/** What happens to the rankings, counted and logged. */
export interface Events {
  /** Counts a failed attempt to count; passes the result on. */
  watched(applying: Promise<Applied>): Promise<Applied>
  applied(outcomes: Outcomes): void
  /** The end of a partition was seen. */
  fetched(partition: number, highWatermark: bigint): void
  beganAnew(partition: number, from: bigint, goal: bigint): void
  /** Redis has less than was counted: it lost its last second in a crash. */
  wentBack(partition: number, from: bigint, to: bigint): void
  stands(standing: Standing, partitions: number): void
}

export function createEvents({ meter, log }: Context): Events {
  const ends = new Map<number, bigint>()
  return {
    watched: async (applying) => {
      try {
        return await applying
      } catch (error) {
        meter.add(metrics.redisErrors, { cause: causeOf(error) })
        throw error
      }
    },
    applied: (outcomes) => {
      meter.add(metrics.redisUpdates, undefined)
      meter.add(metrics.lateDropped, undefined, outcomes.late)
      for (const outcome of ['counted', 'duplicate', 'late', 'early', 'dead'] as const)
        if (outcomes[outcome] > 0) meter.add(metrics.events, { outcome }, outcomes[outcome])
    },
    fetched: (partition, highWatermark) => void ends.set(partition, highWatermark),
    beganAnew: (partition, from, goal) => {
      if (from < goal) meter.add(metrics.rebuilds, undefined)
      const line = { partition, from: String(from), goal: String(goal) }
      if (from < goal) log.warn(line, 'ranking of a partition is not in Redis and is counted anew')
      else log.debug(line, 'partition begins')
    },
    wentBack: (partition, from, to) =>
      log.warn(
        { partition, from: String(from), to: String(to) },
        'Redis lost counts; they are counted again',
      ),
    stands: ({ whole, fences }, partitions) => {
      meter.set(metrics.rebuilding, undefined, Math.max(0, partitions - whole))
      meter.set(metrics.fenceLag, undefined, lagOf(ends, fences))
    },
  }
}

/** What is no 503 is an error reply to the call itself: a bug, or a key of another type. */
const causeOf = (error: unknown): 'unavailable' | 'refused' =>
  error instanceof Problem && error.status === 503 ? 'unavailable' : 'refused'

/** A partition that went to another replica stops growing here and its fence passes its last known end. */
const lagOf = (ends: ReadonlyMap<number, bigint>, fences: Standing['fences']): number =>
  [...ends].reduce((sum, [partition, end]) => {
    const fence = fences[partition] ?? 0n
    return sum + (fence < end ? Number(end - fence) : 0)
  }, 0)
