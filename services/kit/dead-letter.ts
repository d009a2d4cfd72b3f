import { counter } from '../model/metric.ts'
import type { Topic } from '../model/topic.ts'
import type { Context } from './context.ts'
import type { Publisher } from './kafka/publisher.ts'
import type { Original } from './kafka/received.ts'

/** Why a record was given up. */
export interface Failure {
  readonly cause: unknown
  readonly attempts: number
  /** Epoch milliseconds. */
  readonly firstFailedAt: number
}

/** What of a record a dead letter needs; every `Received` is one. */
export interface Undeliverable {
  readonly topic: Topic
  readonly partition: number
  readonly offset: bigint
  readonly original: Original
}

/** Puts records that cannot be processed where people look at them. */
export interface DeadLetters {
  /**
   * Publishes the record's own key, headers and bytes to its topic's dead letters, with headers that say why.
   * @throws PublishError when it was not acknowledged; Error when the topic declares no dead letters
   */
  send(record: Undeliverable, failure: Failure): Promise<void>
}

export const deadLettersSent = counter<'topic' | 'reason'>('dead_letters_total', {
  help: 'Records that were put into a dead-letter topic',
  labels: { topic: [], reason: [] },
})

/** Header of a dead letter: who sent it there, as a service's name. */
export const givenUpBy = 'x-given-up-by'

/** Headers that a letter gets when it is sent back, by which it is known should it come again. */
export const replayHeaders = { of: 'x-replay-of', count: 'x-replays' } as const

/** Headers that a dead letter carries beside the record's own, with what they hold. */
export const causeHeaderTexts = {
  'x-original-topic': 'Where it came from',
  'x-original-partition': '-1 when it never got a place',
  'x-original-offset': '-1 when it never got a place',
  'x-error-class': 'Stable code of the cause, else its class',
  'x-error-message': 'What was wrong, for people',
  'x-attempts': 'How often it was tried',
  'x-first-failed-at': 'RFC 3339',
  [givenUpBy]: 'The service that gave it up',
} as const

/** Header values longer than this are cut: brokers count them as part of the message. */
const longestMessage = 1000

export function deadLetters(publisher: Publisher, context: Context): DeadLetters {
  context.meter.register(deadLettersSent)
  return {
    send: async (record, failure) => {
      const { topic, original } = record
      if (!topic.deadLetters)
        throw new Error(
          `The topic ${topic.name} declares no deadLetters, so this record has no place to go.`,
        )
      const headers = {
        ...present(original.headers),
        ...causeHeaders(record, failure, context.service.name),
      }
      await publisher.forward(topic.deadLetters, {
        key: original.key,
        value: original.value,
        headers,
      })
      const labels = { topic: topic.name, reason: errorClass(failure.cause) }
      context.meter.add(deadLettersSent, labels)
      context.log.warn(
        {
          ...labels,
          partition: record.partition,
          offset: String(record.offset),
          err: failure.cause,
        },
        'dead letter',
      )
    },
  }
}

const causeHeaders = (
  { topic, partition, offset }: Undeliverable,
  { cause, attempts, firstFailedAt }: Failure,
  service: string,
): Record<keyof typeof causeHeaderTexts, string> => ({
  'x-original-topic': topic.name,
  'x-original-partition': String(partition),
  'x-original-offset': String(offset),
  'x-error-class': errorClass(cause),
  'x-error-message': messageOf(cause).slice(0, longestMessage),
  'x-attempts': String(attempts),
  'x-first-failed-at': new Date(firstFailedAt).toISOString(),
  [givenUpBy]: service,
})

/** The stable code where there is one, else the class. */
function errorClass(cause: unknown): string {
  const { code, name } = (cause ?? {}) as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'Error'
}

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause)

const present = (
  headers: Original['headers'],
): Record<string, string | Buffer | (string | Buffer)[]> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
