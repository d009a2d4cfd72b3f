import type { Offsets } from '../../kit/kafka.ts'
import { pageView } from '../topics.ts'
import type { Events } from './events.ts'
import type { RankStore } from './store.ts'
import { rebuildMs } from './windows.ts'

/** How far this replica has counted the partitions that it was given. The truth is the fence in Redis. */
export interface Positions {
  /** Asks Redis where to count on, and begins anew where it lost the partition. */
  adopt(partition: number): Promise<bigint>
  reached(partition: number, next: bigint): void
  /** Next offset by partition. */
  all(): ReadonlyMap<number, bigint>
}

/** The places of a rebuild are read once for all partitions that ask within this time. */
const placesKeptMs = 1000

export function createPositions(deps: {
  store: RankStore
  offsets: () => Promise<Offsets>
  events: Events
}): Positions {
  const { store, events } = deps
  const positions = new Map<number, bigint>()
  const places = shared(placesKeptMs, () => rebuildPlaces(deps))
  return {
    adopt: async (partition) => {
      const { starts, goals } = await places()
      const goal = goals.get(partition) ?? 0n
      const start = starts.get(partition) ?? goal
      const { fence, anew } = await store.adopt(partition, { start, goal })
      if (anew) events.beganAnew(partition, fence, goal)
      positions.set(partition, fence)
      return fence
    },
    reached: (partition, next) => void positions.set(partition, next),
    all: () => new Map(positions),
  }
}

/** Redis' clock decides, not ours: it is the one by which windows expire. Goals come last, so that none is too low. */
async function rebuildPlaces({
  store,
  offsets,
}: {
  store: RankStore
  offsets: () => Promise<Offsets>
}) {
  const { time } = await store.standing(0)
  const broker = await offsets()
  const starts = await broker.since(pageView, time - rebuildMs)
  const ends = await broker.ends(pageView)
  return { starts, goals: new Map(ends.map(({ partition, high }) => [partition, high])) }
}

/** One answer for all who ask within `keptMs`; failures are not kept. */
function shared<Value>(keptMs: number, read: () => Promise<Value>): () => Promise<Value> {
  let last: { readonly at: number; readonly answer: Promise<Value> } | undefined
  return () => {
    const now = performance.now()
    if (last && now - last.at < keptMs) return last.answer
    const answer = read()
    last = { at: now, answer }
    answer.catch(() => (last = undefined))
    return answer
  }
}
