import type { Admin } from 'kafkajs'
import type { Topic } from '../../model/topic.ts'
import type { Connection } from './client.ts'

/** What one partition holds. */
export interface PartitionEnds {
  readonly partition: number
  /** First offset that is still there. */
  readonly low: bigint
  /** Offset that the next record will get. */
  readonly high: bigint
}

/** Reads offsets. Topics and groups are named as in the topology. */
export interface Offsets {
  /** @throws kafkajs' error when the topic does not exist or the broker is away */
  ends(topic: Pick<Topic, 'name'>): Promise<readonly PartitionEnds[]>
  /** Committed offset by partition; partitions without one are absent. */
  committed(group: string, topic: Topic): Promise<ReadonlyMap<number, bigint>>
  /** First offset whose record was appended at or after `timestamp` (epoch ms), else the end, by partition. */
  since(topic: Pick<Topic, 'name'>, timestamp: number): Promise<ReadonlyMap<number, bigint>>
}

export function offsetsOf(admin: Admin, { named }: Connection): Offsets {
  return {
    ends: async ({ name }) => {
      const found = await admin.fetchTopicOffsets(named(name))
      return found
        .map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }))
        .sort((one, other) => one.partition - other.partition)
    },
    committed: async (group, { name }) => {
      const [found] = await admin.fetchOffsets({ groupId: named(group), topics: [named(name)] })
      // −1 and, after a reset, −2 mean that there is none.
      return byPartition(found?.partitions ?? [], (offset) => offset >= 0n)
    },
    since: async ({ name }, timestamp) =>
      byPartition(await admin.fetchTopicOffsetsByTimestamp(named(name), timestamp), () => true),
  }
}

const byPartition = (
  found: readonly { partition: number; offset: string }[],
  wanted: (offset: bigint) => boolean,
): ReadonlyMap<number, bigint> =>
  new Map(
    found
      .map(({ partition, offset }): [number, bigint] => [partition, BigInt(offset)])
      .filter(([, offset]) => wanted(offset)),
  )
