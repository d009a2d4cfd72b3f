import type { Topic } from '../../model/topic.ts'
import type { Logger } from '../log.ts'

export interface Partition {
  readonly partition: number
  /** First offset that is still there. */
  readonly low: bigint
  /** Offset that the next record will get. */
  readonly high: bigint
}

/** Reads offsets; names are those of the topology, without the prefix. */
export interface Offsets {
  ends(topic: Topic): Promise<readonly Partition[]>
  /** Committed offset by partition; partitions without one are absent. */
  committed(group: string, topic: Topic): Promise<ReadonlyMap<number, bigint>>
}

export interface KafkaAdmin extends Offsets {
  /** Creates what is missing, adds partitions, sets retention. Idempotent. */
  ensureTopics(topics: readonly Topic[]): Promise<void>
  /** Makes a fresh broker's group coordinator load, so that the first consumer does not crash. */
  warmUp(): Promise<void>
  close(): Promise<void>
}
export async function kafkaAdmin(_at: {
  bootstrap: string
  prefix: string
  log: Logger
}): Promise<KafkaAdmin> {
  throw new Error('being written')
}
