import { setTimeout as delay } from 'node:timers/promises'
import type { EachBatchPayload } from 'kafkajs'
import pLimit from 'p-limit'

/** Handlers that work at once, of all partitions that a member has. */
const handlersAtOnce = 8
/** While another broker's fetch is always being processed, offsets wait no longer than this. */
const commitWithinMs = 100

/** The batches of one fetch, which come together: their offsets are committed with one request. */
export interface Rounds {
  /** The batch was processed: the group goes on behind it. */
  done(payload: EachBatchPayload): void
  /** Offsets of an assignment that is over are not ours to commit. */
  forget(): void
  /**
   * Runs `work`, commits what is done once all of the round is, and holds the next fetch back for a moment, unless the
   * partition has more.
   * @throws what kafkajs says of the commit, e.g. that the group is being rebalanced
   */
  run<Value>(payload: EachBatchPayload, work: () => Promise<Value>): Promise<void>
}

/**
 * @param topic its full name on the broker
 * @param gatherMs what arrives within this time is fetched at once
 */
export function roundsOf(topic: string, gatherMs: number, stopped: AbortSignal): Rounds {
  const offsets = new Map<number, string>()
  const limit = pLimit(handlersAtOnce)
  let underWay = 0
  let nextFetchAt = 0
  let committedAt = 0

  const commit = async ({ commitOffsetsIfNecessary }: EachBatchPayload): Promise<void> => {
    committedAt = performance.now()
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset }))
    offsets.clear()
    await commitOffsetsIfNecessary({ topics: [{ topic, partitions }] })
  }
  const isTime = (): boolean =>
    offsets.size > 0 && (underWay === 0 || performance.now() - committedAt > commitWithinMs)

  return {
    done: ({ batch, resolveOffset }) => {
      resolveOffset(batch.lastOffset())
      offsets.set(batch.partition, String(BigInt(batch.lastOffset()) + 1n))
    },
    forget: () => offsets.clear(),
    run: async (payload, work) => {
      const now = performance.now()
      if (now >= nextFetchAt) nextFetchAt = now + gatherMs
      underWay += 1
      try {
        await limit(work)
      } finally {
        underWay -= 1
      }
      if (isTime()) await commit(payload)
      // Behind the partition's end there is nothing to gather: what was fetched was cut off by its size.
      if (BigInt(payload.batch.offsetLag()) > 0n) nextFetchAt = now
      const left = nextFetchAt - performance.now()
      if (left > 0) await delay(left, undefined, { signal: stopped }).catch(() => undefined)
    },
  }
}
