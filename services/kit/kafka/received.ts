import type { Topic } from '../../model/topic.ts'

/** One record, parsed by its topic's schema. */
export interface Received<V> {
  readonly topic: Topic<V>
  readonly partition: number
  readonly offset: bigint
  /** When the broker appended it, epoch milliseconds. */
  readonly timestamp: number
  /** '' where the record has none. */
  readonly key: string
  readonly value: V
  /** The value's bytes as they came. */
  readonly raw: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** What was fetched of one partition at once. Records that could not be read are left out; their offsets count. */
export interface Batch<V> {
  readonly partition: number
  readonly records: readonly Received<V>[]
  readonly firstOffset: bigint
  /** Where the next batch begins. */
  readonly nextOffset: bigint
  readonly highWatermark: bigint
}

export interface BatchConsumer<V> {
  /**
   * Processes a batch; its offsets are committed when this resolves. `{ seek }` goes on at that offset instead.
   * What it throws makes the same batch come again, with back-off.
   */
  batch(batch: Batch<V>): Promise<void | { seek: bigint }>
  /**
   * Asked when a partition is assigned: where to start. Undefined: the committed offset, else the earliest.
   * `timestamp` (epoch ms): the first record at or after it.
   */
  startFrom?(partition: number): Promise<bigint | { timestamp: number } | undefined>
}
