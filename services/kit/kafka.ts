import type { Consumption } from '../model/topic.ts'
import type { Context } from './context.ts'
import { deadLetters } from './dead-letter.ts'
import { connectionOf, retries } from './kafka/client.ts'
import { consumeFor, type Consuming } from './kafka/consumer.ts'
import { offsetsOf, type Offsets } from './kafka/offsets.ts'
import { createPublisher, type Publisher } from './kafka/publisher.ts'
import type { BatchConsumer } from './kafka/received.ts'
import { within } from './within.ts'

export type { Offsets, PartitionEnds } from './kafka/offsets.ts'
export { PublishError } from './kafka/publish-error.ts'
export type { Message, Publisher } from './kafka/publisher.ts'
export { parsed, UnreadableRecord } from './kafka/received.ts'
export type { Batch, BatchConsumer, Received } from './kafka/received.ts'

/** A service's way to Kafka. Topics and groups carry the names of the topology; the prefix is added here. */
export interface Kafka {
  /** The service's publisher, always the same one, connected where the broker is there; closed in stage `stores`. */
  publisher(): Promise<Publisher>
  /**
   * Consumes a topic as a member of a group, until the service stops. Records that cannot be read go to the topic's
   * dead letters; those of a topic of bytes are all read.
   * @throws Error when the topic declares none
   */
  consume<V>(consumption: Consumption<V>, consumer: BatchConsumer<V>): Promise<Consuming>
  /** Reads offsets of topics and groups. @throws while the broker is away */
  offsets(): Promise<Offsets>
}

/**
 * Call it once per service. Adds the readiness check `kafka`.
 * @param use `vital: false`: the service does its work while the broker is away (an outbox, answers from a store)
 */
export function kafka(context: Context, { vital = true }: { vital?: boolean } = {}): Kafka {
  const { life } = context
  const connection = connectionOf(context)
  const membership = connectionOf(context, retries.patient)
  const admin = once(async () => {
    const made = connection.client.admin()
    await made.connect()
    life.onStop('stores', 'kafka admin', () => made.disconnect())
    return made
  })
  const publisher = once(async () => {
    const made = createPublisher(context, connection)
    life.onStop('stores', 'kafka publisher', () => made.close())
    await connected(context, made)
    return made
  })
  const offsets = async (): Promise<Offsets> => offsetsOf(await admin(), connection)
  life.check('kafka', async () => void (await (await admin()).describeCluster()), vital)
  return {
    publisher,
    offsets,
    consume: async (consumption, consumer) => {
      const { topic } = consumption
      if (!topic.deadLetters && topic.encoding === 'json')
        throw new Error(`The topic ${topic.name} is consumed, so it must declare deadLetters.`)
      const letters = deadLetters(await publisher(), context)
      return consumeFor({
        context,
        vital,
        connection: membership,
        consumption,
        consumer,
        letters,
        offsets,
      })
    },
  }
}

/** Made at the first call; after a failure the next call tries again. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

const connectWithinMs = 3000

/** A broker that is away does not keep a service from starting: its first message connects then. */
async function connected({ service, log }: Context, publisher: Publisher): Promise<void> {
  const connecting = Promise.all(service.publishes.map((topic) => publisher.connect(topic)))
  await within(connecting, connectWithinMs).catch((err: unknown) =>
    log.warn({ err }, 'publisher is not connected yet'),
  )
}
