import type { Events } from './events.ts'
import type { Positions } from './positions.ts'
import type { RankStore } from './store.ts'

/** What the replica knows of Redis between two looks. */
export interface Sentinel {
  /** One look: finds what was lost, also in partitions where nothing comes in, and counts it again. */
  look(): Promise<void>
  /** Redis' clock, epoch ms, so that every replica serves the same windows whatever its own clock says. */
  now(): number
}

/**
 * Watches the fences. A batch finds a lost fence by itself; a partition without new records would never.
 * @param deps `seek` moves this replica's reading of a partition
 */
export function createSentinel(deps: {
  store: RankStore
  positions: Positions
  events: Events
  partitions: number
  clock: () => number
  seek: (partition: number, offset: bigint) => void
}): Sentinel {
  const { store, positions, events, partitions, clock, seek } = deps
  let seen: { readonly time: number; readonly at: number } | undefined

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
      for (const [partition, offset] of reached)
        await check(partition, offset, standing.fences[partition])
    },
    now: () => (seen ? Math.floor(seen.time + performance.now() - seen.at) : clock()),
  }
}
