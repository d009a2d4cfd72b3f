import type { IHeaders, KafkaMessage } from 'kafkajs'
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
  /** The value's bytes as they came; empty where the record has none. */
  readonly raw: Buffer
  readonly headers: Readonly<Record<string, string>>
  /** One of the headers, for hot paths: reading all of them costs more than a value. */
  header(name: string): string | undefined
  /** Key, value and headers as they came, for a dead letter. */
  readonly original: Original
}

/** A record's own bytes. */
export interface Original {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: IHeaders
}

/** A record that is no value of its topic. */
export interface Unreadable {
  readonly topic: Topic
  readonly partition: number
  readonly offset: bigint
  readonly original: Original
  readonly reason: UnreadableRecord
}

/** Why a record cannot be processed by anybody. */
export class UnreadableRecord extends Error {
  readonly code: 'NO_VALUE' | 'NOT_UTF8' | 'NOT_JSON' | 'NOT_VALID'
  constructor(code: UnreadableRecord['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'UnreadableRecord'
    this.code = code
  }
}

/** What was fetched of one partition at once. Records that could not be read are left out; their offsets count. */
export interface Batch<V> {
  readonly partition: number
  readonly records: readonly Received<V>[]
  /**
   * The offset that was asked for. What lies between it and the first record are no records: deleted ones, or marks of
   * a transaction.
   */
  readonly firstOffset: bigint
  /** Where the next batch begins. */
  readonly nextOffset: bigint
  /** End of the partition when this was fetched. */
  readonly highWatermark: bigint
}

/** A service's part of consuming one topic. */
export interface BatchConsumer<V> {
  /** While records keep coming, those of this time are fetched together; milliseconds, 10 by default. */
  readonly gatherMs?: number
  /**
   * Processes a batch; its offsets are committed when this resolves. `{ seek }` goes on at that offset instead.
   * What it throws makes the same records come again, after 1, 2, 4 … 10 s; other partitions go on meanwhile.
   */
  batch(batch: Batch<V>): Promise<void | { seek: bigint }>
  /**
   * Asked when a partition is assigned, before any of its records is processed: where to start. Undefined: the
   * committed offset, else the earliest. `timestamp` (epoch ms): the first record appended at or after it.
   */
  startFrom?(partition: number): Promise<bigint | { timestamp: number } | undefined>
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses a record by its topic's schema; what cannot be parsed says why. */
export function read<V>(
  topic: Topic<V>,
  partition: number,
  message: KafkaMessage,
): Received<V> | Unreadable {
  try {
    return new Taken(topic, partition, message)
  } catch (error) {
    const reason =
      error instanceof UnreadableRecord
        ? error
        : new UnreadableRecord('NOT_VALID', (error as Error).message, error)
    return {
      topic,
      partition,
      offset: BigInt(message.offset),
      original: originalOf(message),
      reason,
    }
  }
}

/** Few look at anything but the value, so the rest is made when it is asked for. */
class Taken<V> implements Received<V> {
  readonly topic: Topic<V>
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly value: V
  readonly #message: KafkaMessage

  /** @throws UnreadableRecord when it has no value of its topic */
  constructor(topic: Topic<V>, partition: number, message: KafkaMessage) {
    const { value } = message
    this.topic = topic
    this.partition = partition
    this.offset = BigInt(message.offset)
    this.timestamp = Number(message.timestamp)
    this.value = topic.encoding === 'bytes' ? (value as V) : parsed(topic, value)
    this.#message = message
  }

  get key(): string {
    return this.#message.key?.toString() ?? ''
  }

  get raw(): Buffer {
    return this.#message.value ?? Buffer.alloc(0)
  }

  get headers(): Readonly<Record<string, string>> {
    const names = Object.keys(this.#message.headers ?? {})
    const found = names.map((name) => [name, this.header(name)] as const)
    return Object.fromEntries(found.filter((one): one is [string, string] => one[1] !== undefined))
  }

  header(name: string): string | undefined {
    const { headers = {} } = this.#message
    return Object.hasOwn(headers, name) ? textOf(headers[name]) : undefined
  }

  get original(): Original {
    return originalOf(this.#message)
  }
}

const originalOf = ({ key, value, headers = {} }: KafkaMessage): Original => ({
  key,
  value,
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.filter(isSent) : value,
    ]),
  ),
})

/**
 * kafkajs takes what every object inherits for the first value of a header of that name (`constructor`, `__proto__`),
 * and passes on null for a header without a value, which its types deny.
 */
const isSent = (one: unknown): boolean => one === null || Buffer.isBuffer(one)

/** Of a repeated header the last counts. */
function textOf(value: IHeaders[string]): string | undefined {
  const last: Buffer | string | null | undefined = Array.isArray(value)
    ? value.findLast(isSent)
    : value
  return last === undefined || last === null ? undefined : last.toString()
}

export const isUnreadable = <V>(record: Received<V> | Unreadable): record is Unreadable =>
  'reason' in record

/**
 * A value by its topic's schema.
 * @throws UnreadableRecord that says what is wrong
 */
export function parsed<V>(topic: Topic<V>, value: Buffer | null): V {
  const raw = value ?? raise('NO_VALUE', 'The record has no value.')
  const result = topic.schema.safeParse(json(text(raw)))
  if (result.success) return result.data
  const issues = result.error.issues.slice(0, 5)
  const where = issues.map(({ path, message }) => `${path.join('.') || 'value'}: ${message}`)
  return raise('NOT_VALID', where.join('; '))
}

function text(raw: Buffer): string {
  try {
    return utf8.decode(raw)
  } catch (error) {
    return raise('NOT_UTF8', 'The value is not UTF-8.', error)
  }
}

function json(value: string): unknown {
  try {
    return JSON.parse(value) as unknown
  } catch (error) {
    return raise('NOT_JSON', (error as Error).message, error)
  }
}

function raise(code: UnreadableRecord['code'], message: string, cause?: unknown): never {
  throw new UnreadableRecord(code, message, cause)
}
