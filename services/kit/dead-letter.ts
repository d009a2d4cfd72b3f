import type { Publisher } from './kafka/publisher.ts'
import type { Received } from './kafka/received.ts'

export interface Failure {
  readonly cause: unknown
  readonly attempts: number
  /** Epoch milliseconds. */
  readonly firstFailedAt: number
}
export interface DeadLetters {
  /** @throws PublishError when the letter was not acknowledged */
  send(record: Received<unknown>, failure: Failure): Promise<void>
}
export function deadLetters(_publisher: Publisher): DeadLetters {
  throw new Error('being written')
}
