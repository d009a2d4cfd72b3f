import type { Consumption } from '../../model/topic.ts'
import type { Context } from '../context.ts'
import type { DeadLetters } from '../dead-letter.ts'
import type { Connection } from './client.ts'
import type { Offsets } from './offsets.ts'
import type { BatchConsumer } from './received.ts'

/** What one consumption works with, over all members that it needs in its life. */
export interface Duty<V> {
  readonly context: Context
  /** Whether the service is unready while it does not consume. */
  readonly vital: boolean
  readonly connection: Connection
  readonly consumption: Consumption<V>
  readonly consumer: BatchConsumer<V>
  readonly letters: DeadLetters
  readonly offsets: () => Promise<Offsets>
}

/** A member's life signs and its end. */
export interface Watch {
  /** The broker answered a heartbeat or let it join. */
  alive(): void
  crashed(error: unknown): void
  readonly stopped: AbortSignal
}
