import { createHash } from 'node:crypto'
import { v7 as uuid, validate } from 'uuid'
import { replayHeaders } from '../../kit/dead-letter.ts'
import type { Received } from '../../kit/kafka.ts'
import type { Bytes } from '../../model/topic.ts'
import { idPattern } from './states.ts'

/** Headers by name, values in base64: any bytes can be a header, also none. */
export type Headers = Readonly<Record<string, readonly (string | null)[]>>

/** A dead letter before it has a state. */
export interface NewLetter {
  readonly id: string
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly eventId: string
  /** '' where it came from no topic that is known. */
  readonly originalTopic: string
  readonly originalPartition: number
  readonly originalOffset: string
  readonly key: Bytes
  readonly value: Bytes
  readonly headers: Headers
  readonly errorClass: string
  readonly errorMessage: string
  readonly attempts: number
  readonly firstFailedAt: Date
  readonly appendedAt: Date
  readonly traceId: string
  readonly replayOf: string | null
  readonly replays: number
}

/**
 * A dead letter from its record. Nothing in a record can make this fail: what is missing or strange is said by its
 * default, because a letter that cannot be kept would block all that come after it.
 * @param originalTopic the topic that it can be sent back to, '' for none
 */
export function letterOf(record: Received<Bytes>, originalTopic: string): NewLetter {
  const { topic, partition, offset, timestamp, headers, original } = record
  const text = (name: string): string => printable(headers[name] ?? '')
  const replayOf = text(replayHeaders.of)
  const isReplay = validate(replayOf)
  return {
    id: uuid(),
    topic: topic.name,
    partition,
    offset: String(offset),
    eventId: eventIdOf(record),
    originalTopic,
    originalPartition: integer(text('x-original-partition'), -1),
    originalOffset: /^\d{1,18}$/.exec(text('x-original-offset'))?.[0] ?? '-1',
    key: original.key,
    value: original.value,
    headers: encoded(original.headers),
    errorClass: text('x-error-class') || 'UNKNOWN',
    errorMessage: text('x-error-message'),
    attempts: integer(text('x-attempts'), 1),
    firstFailedAt: dateOf(text('x-first-failed-at'), timestamp),
    appendedAt: new Date(timestamp),
    traceId: /^[\da-f]{2}-([\da-f]{32})-/.exec(text('traceparent'))?.[1] ?? '',
    replayOf: isReplay ? replayOf : null,
    replays: isReplay ? Math.max(1, integer(text(replayHeaders.count), 1)) : 0,
  }
}

/** The event's own id, else the one that its payload carries, else one made of its place, so that it can be named. */
function eventIdOf({ headers, value, topic, partition, offset }: Received<Bytes>): string {
  const id = headers['ce_id'] || idIn(value)
  if (idPattern.test(id)) return id
  const place = `${topic.name}/${partition}/${offset}`
  return `unnamed-${createHash('sha256').update(place).digest('hex').slice(0, 16)}`
}

function idIn(value: Bytes): string {
  const parsed = jsonOf(value)
  if (typeof parsed !== 'object' || parsed === null) return ''
  const { eventId, id } = parsed as { eventId?: unknown; id?: unknown }
  const found = eventId ?? id
  return typeof found === 'string' ? found : ''
}

/** The value as JSON; undefined where it is none. */
export function jsonOf(value: Bytes): unknown {
  try {
    return JSON.parse(value?.toString('utf8') ?? '') as unknown
  } catch {
    return undefined
  }
}

/** Postgres takes no NUL in a text, and nobody wants to read control characters. */
const printable = (text: string): string =>
  text.replaceAll(/\p{Cc}|\p{Cs}/gu, '\u{fffd}').slice(0, 2000)

function integer(text: string, fallback: number): number {
  const number = Number(text)
  return text !== '' && Number.isSafeInteger(number) && Math.abs(number) < 2 ** 31
    ? number
    : fallback
}

function dateOf(text: string, fallback: number): Date {
  const time = Date.parse(text)
  return new Date(Number.isNaN(time) ? fallback : time)
}

const encoded = (headers: Received<Bytes>['original']['headers']): Headers =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, [value].flat().map((one: Buffer | string | null) => base64(one))]],
    ),
  )

const base64 = (bytes: Buffer | string | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('base64')

/** The headers as Kafka takes them. */
export const decoded = (headers: Headers): Record<string, Buffer[]> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [
      name,
      values.map((one) =>
        one === null ? (null as unknown as Buffer) : Buffer.from(one, 'base64'),
      ),
    ]),
  )
