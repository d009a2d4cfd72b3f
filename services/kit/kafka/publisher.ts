import type { Link } from '@opentelemetry/api'
import type { Topic } from '../../model/topic.ts'

/** What a service publishes. */
export interface Message<V> {
  /** The aggregate's id; records of one key keep their order. */
  readonly key: string
  readonly value: V
  /** CloudEvents id; defaults to a UUIDv7. */
  readonly id?: string
  /** When it happened, epoch milliseconds; defaults to now. */
  readonly time?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Parent of the `send` span; defaults to the active span. */
  readonly traceparent?: string
  readonly links?: readonly Link[]
  /** When it aborts, `publish` rejects with TIMEOUT; the message may still arrive. */
  readonly signal?: AbortSignal
}

/** Bytes that go to a topic unchanged: dead letters and their replay. */
export interface RawMessage {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string | Buffer>>
  readonly signal?: AbortSignal
}

/** Where the broker put a message. */
export interface Placed {
  readonly partition: number
  readonly offset: bigint
}

export interface Publisher {
  /**
   * Resolves when the broker has acknowledged the message.
   * @throws PublishError
   */
  publish<V>(topic: Topic<V>, message: Message<V>): Promise<Placed>
  /** Publishes bytes as they are, without span and CloudEvents headers. @throws PublishError */
  forward(topic: Topic, message: RawMessage): Promise<Placed>
}
