export type PublishErrorCode = 'TOO_LARGE' | 'REFUSED' | 'UNAVAILABLE' | 'TIMEOUT' | 'OVERLOADED'

/**
 * A message was not acknowledged. `TOO_LARGE` and `REFUSED` are the message's own fault and stay; the others pass.
 * After `TIMEOUT` it is unknown whether the broker has the message.
 */
export class PublishError extends Error {
  readonly code: PublishErrorCode
  /** Whether the same message may succeed later. */
  readonly retriable: boolean
  constructor(code: PublishErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PublishError'
    this.code = code
    this.retriable = code !== 'TOO_LARGE' && code !== 'REFUSED'
  }
}

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const refused = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'CORRUPT_MESSAGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'POLICY_VIOLATION',
])

/** The request may have reached the broker, which is why nobody can say what became of it. */
const unknownOutcome = new Set(['KafkaJSRequestTimeoutError', 'KafkaJSConnectionClosedError'])

/** What an error of kafkajs means for the messages of the request. */
export function publishErrorOf(topic: string, error: unknown): PublishError {
  if (error instanceof PublishError) return error
  const causes = causesOf(error)
  const says = (names: ReadonlySet<string>): boolean =>
    causes.some(({ type, name }) => names.has(String(type)) || names.has(String(name)))
  if (says(tooLarge))
    return new PublishError('TOO_LARGE', `The message is too large for ${topic}.`, error)
  if (says(refused))
    return new PublishError(
      'REFUSED',
      `The broker refuses it for ${topic}: ${causes.at(-1)?.message}`,
      error,
    )
  if (says(unknownOutcome)) return timedOut(topic, error)
  return new PublishError('UNAVAILABLE', `Kafka does not take messages for ${topic}.`, error)
}

export const timedOut = (topic: string, cause?: unknown): PublishError =>
  new PublishError(
    'TIMEOUT',
    `${topic} was not acknowledged in time; the message may be there.`,
    cause,
  )

interface Cause {
  readonly name?: string
  readonly type?: string
  readonly message?: string
  readonly cause?: unknown
}

function causesOf(error: unknown): readonly Cause[] {
  const cause = error as Cause | undefined
  return cause ? [cause, ...causesOf(cause.cause)] : []
}
