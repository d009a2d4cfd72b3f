import type { Events } from './events.ts'
import { createHorizon } from './horizon.ts'
import type { Positions } from './positions.ts'
import type { RankStore, Standing } from './store.ts'

/** What the replica knows of Redis between two looks. */
export interface Sentinel {
  /** One look: finds what was lost, also in partitions where nothing comes in, and counts it again. */
  look(): Promise<void>
  /** Redis' clock, epoch ms, so that every replica serves the same windows whatever its own clock says. */
  now(): number
  /** Epoch ms up to which all that was appended is counted, by whomever; undefined while nobody can say. */
  countedUpTo(): number | undefined
}

/**
 * Watches the fences. A batch finds a lost fence by itself; a partition without new records would never. It also
 * holds the fences against the log's ends: a partition whose reader died is counted by nobody for some seconds.
 * @param deps `seek` moves this replica's reading of a partition; `ends`: next offset by partition of the log
 */
export function createSentinel(deps: {
  store: RankStore
  positions: Positions
  events: Events
  partitions: number
  clock: () => number
  ends: () => Promise<ReadonlyMap<number, bigint>>
  seek: (partition: number, offset: bigint) => void
}): Sentinel {
  const { store, positions, events, partitions, clock, seek } = deps
  const horizon = createHorizon()
  let seen: { readonly time: number; readonly at: number } | undefined
  let ends: ReadonlyMap<number, bigint> | undefined
  let countedUpTo: number | undefined

  /** While the log cannot be asked nothing can be appended to it either, as far as we can tell. */
  const sample = async ({ time, fences }: Standing): Promise<void> => {
    countedUpTo = horizon.countedUpTo(fences)
    ends = await deps.ends().catch(() => ends ?? endsFrom(fences))
    horizon.sampled(time, ends)
  }

  const check = async (partition: number, reached: bigint, fence: bigint | undefined) => {
    if (fence !== undefined && fence >= reached) return
    if (fence !== undefined) events.wentBack(partition, reached, fence)
    seek(partition, await positions.adopt(partition))
  }

  return {
    // Positions come first: a batch that is counted between the two only moves the fence further.
    look: async () => {
      const reached = positions.all()
      const standing = await store.standing(partitions)
      seen = { time: standing.time, at: performance.now() }
      events.stands(standing, partitions)
      await sample(standing)
      for (const [partition, offset] of reached)
        await check(partition, offset, standing.fences[partition])
    },
    countedUpTo: () => countedUpTo,
    now: () => (seen ? Math.floor(seen.time + performance.now() - seen.at) : clock()),
  }
}

const endsFrom = (fences: Standing['fences']): ReadonlyMap<number, bigint> =>
  new Map(fences.map((fence, partition) => [partition, fence ?? 0n]))
