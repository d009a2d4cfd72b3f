import type { Context } from './context.ts'
import type { Consumption } from '../model/topic.ts'
import type { Publisher } from './kafka/publisher.ts'
import type { BatchConsumer } from './kafka/received.ts'
import type { Offsets } from './kafka/admin.ts'

export type { Publisher, Message, Placed } from './kafka/publisher.ts'
export { PublishError } from './kafka/publish-error.ts'
export type { Batch, BatchConsumer, Received } from './kafka/received.ts'
export { kafkaAdmin, type KafkaAdmin, type Offsets, type Partition } from './kafka/admin.ts'

export interface Kafka {
  publisher(): Promise<Publisher>
  consume<V>(consumption: Consumption<V>, consumer: BatchConsumer<V>): Promise<void>
  offsets(): Promise<Offsets>
}
export function kafka(_context: Context): Kafka {
  throw new Error('being written')
}
