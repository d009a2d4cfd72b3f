import { z } from 'zod'

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
  /** Largest record that the broker takes, with key and headers. */
  readonly maxMessageBytes: number
  /** CloudEvents type of its records, e.g. `kr.webtoon.page.viewed.v1`. */
  readonly type: string
  readonly schema: z.ZodType<Value>
  /** `bytes`: a record is whatever it is, which is what a dead letter must be allowed to be. */
  readonly encoding: 'json' | 'bytes'
  /** Where a consumer puts what it cannot process; absent on dead-letter topics. */
  readonly deadLetters?: Topic<Bytes>
  /** From when on a record has no effect any more, because its consumers count it as late. */
  readonly late?: Lateness<Value>
  /** `outside`: read or written beyond the topology. */
  readonly readBy?: 'outside'
}

/** A record that is appended more than `afterMs` after the time in its value is late. */
export interface Lateness<Value> {
  readonly afterMs: number
  /** The time in a value, epoch milliseconds. */
  timeOf(value: Value): number
}

/** The value of a record as it came; null where it has none. */
export type Bytes = Buffer | null

const dayMs = 86_400_000

/** The default of Kafka's `max.message.bytes`. */
const maxMessageBytes = 1_048_588
/** A dead letter is the largest record that there can be, and why it is here. */
const causeBytes = 65_536

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
    deadLetters?: Topic<Bytes>
    late?: Lateness<Value>
    readBy?: 'outside'
  },
): Topic<Value> {
  const { retentionDays = 7, partitions = 6, ...rest } = declared
  const retentionMs = retentionDays * dayMs
  return {
    kind: 'topic',
    name,
    partitions,
    retentionMs,
    maxMessageBytes,
    encoding: 'json',
    ...rest,
  }
}

/**
 * Declares where a topic's consumers put what they cannot process: the record's own bytes and headers, with headers that
 * say why. Its key and type are those of the topic that it belongs to.
 * @param declared `retentionDays` defaults to 7, `partitions` to 6
 */
export const deadLetterTopic = (
  name: string,
  declared: {
    summary: string
    key: string
    type: string
    partitions?: number
    retentionDays?: number
  },
): Topic<Bytes> => ({
  ...topic(name, { ...declared, schema: anything }),
  encoding: 'bytes',
  maxMessageBytes: maxMessageBytes + causeBytes,
})

const anything = z.custom<Bytes>()

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
