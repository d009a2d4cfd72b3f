import type { BatchConsumer } from '../../kit/kafka.ts'
import type { PageViewEvent } from '../topics.ts'
import type { Events } from './events.ts'
import { from, parts, type Stretch } from './packing.ts'
import type { Positions } from './positions.ts'
import type { RankStore } from './store.ts'

/**
 * Counts what was fetched. A crash or a lost answer at any point is harmless: the fence moves with the counts, and
 * whoever comes with a stretch that does not begin at the fence is told where it stands.
 */
export function countEvents(deps: {
  store: RankStore
  positions: Positions
  events: Events
}): BatchConsumer<PageViewEvent> {
  const { store, positions, events } = deps

  /** @returns where to read on when that is not the end of the stretch */
  const count = async (partition: number, stretch: Stretch): Promise<bigint | undefined> => {
    for (const part of parts(stretch)) {
      const applied = await events.watched(store.apply(partition, part))
      if ('fence' in applied) return elsewhere(partition, stretch, { part, fence: applied.fence })
      positions.reached(partition, part.next)
      events.applied(applied)
    }
    return undefined
  }

  const elsewhere = async (
    partition: number,
    stretch: Stretch,
    { part, fence }: { part: Stretch; fence: bigint | undefined },
  ): Promise<bigint | undefined> => {
    // Redis was wiped, or restarted with less than it had: counts and fence went back together.
    if (fence === undefined || fence < part.first) return positions.adopt(partition)
    // Counted before, by us or by the owner before or after us.
    if (fence < stretch.next) return count(partition, from(stretch, fence))
    positions.reached(partition, stretch.next)
    return undefined
  }

  return {
    // A ranking is of windows of 10 s and more.
    gatherMs: 100,
    startFrom: positions.adopt,
    batch: async ({ partition, records, firstOffset, nextOffset, highWatermark }) => {
      events.fetched(partition, highWatermark)
      const seek = await count(partition, { first: firstOffset, next: nextOffset, records })
      return seek === undefined ? undefined : { seek }
    },
  }
}
