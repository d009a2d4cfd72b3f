import type { z } from 'zod'

/** A Kafka topic: the contract between its publishers and its consumers. */
export interface Topic<Value = unknown> {
  readonly kind: 'topic'
  /** Versioned name on the broker, e.g. `events.page_view.v1`. */
  readonly name: string
  readonly summary: string
  /** The field of the value that is the record key: the aggregate's id. */
  readonly key: string
  readonly partitions: number
  readonly retentionMs: number
  /** CloudEvents type of its records, e.g. `kr.webtoon.page.viewed.v1`. */
  readonly type: string
  readonly schema: z.ZodType<Value>
  /** Where a consumer puts what it cannot process; absent on dead-letter topics. */
  readonly deadLetters?: Topic<unknown>
  /** `people`: a dead-letter topic that needs no consuming service. `outside`: read or written beyond the topology. */
  readonly readBy?: 'people' | 'outside'
}

const dayMs = 86_400_000

/**
 * Declares a topic.
 * @param name versioned topic name
 * @param declared `retentionDays` defaults to 7, `partitions` to 6
 */
export function topic<Value>(
  name: string,
  declared: {
    summary: string
    key: string
    type: string
    schema: z.ZodType<Value>
    partitions?: number
    retentionDays?: number
    deadLetters?: Topic<unknown>
    readBy?: 'people' | 'outside'
  },
): Topic<Value> {
  const { retentionDays = 7, partitions = 6, ...rest } = declared
  return { kind: 'topic', name, partitions, retentionMs: retentionDays * dayMs, ...rest }
}

/** A service's place in a consumer group of one topic. */
export interface Consumption<Value = unknown> {
  readonly kind: 'consumption'
  readonly topic: Topic<Value>
  /** Kafka consumer group, e.g. `rank-service`. */
  readonly group: string
}

/** Declares that a service consumes a topic as a member of `group`. */
export function consume<Value>(consumed: Topic<Value>, group: string): Consumption<Value> {
  return { kind: 'consumption', topic: consumed, group }
}
