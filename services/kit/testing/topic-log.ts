import { setTimeout as delay } from 'node:timers/promises'
import kafkajs, { type Admin, type Kafka } from 'kafkajs'

/** A record as it lies in a topic. */
export interface RawRecord {
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly key: string
  readonly value: string
}

/** What is written: `timestamp` (epoch ms) has an effect only where the topic takes records' own times. */
export interface RawWrite {
  readonly key: string
  readonly value: string
  readonly timestamp?: number
}

/** One topic, written and read beside the code under test. */
export interface TopicLog {
  write(records: readonly RawWrite[]): Promise<void>
  /** Every record, in no order between partitions. */
  read(): Promise<readonly RawRecord[]>
  /** End of each partition. */
  ends(): Promise<readonly { partition: number; high: bigint }[]>
  /**
   * Lets record times be forged: rules about the broker's clock cannot be reached at their borders with the real
   * one. Call it after the topic's services were started; provisioning sets the declared configuration again.
   */
  takeOwnTimes(): Promise<void>
  close(): Promise<void>
}

/** @param topic full name on the broker, with the bench's prefix */
export async function topicLog(bootstrap: string, topic: string): Promise<TopicLog> {
  const client = new kafkajs.Kafka({
    brokers: bootstrap.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const producer = client.producer({ allowAutoTopicCreation: false })
  const admin = client.admin()
  await Promise.all([producer.connect(), admin.connect()])
  const ends: TopicLog['ends'] = async () => {
    const found = await admin.fetchTopicOffsets(topic)
    return found.map(({ partition, high }) => ({ partition, high: BigInt(high) }))
  }
  return {
    write: async (records) => {
      const messages = records.map(({ key, value, timestamp }) => ({
        key,
        value,
        ...(timestamp !== undefined && { timestamp: String(timestamp) }),
      }))
      await producer.send({ topic, messages, acks: -1 })
    },
    read: () => readAll({ client, admin, topic }),
    ends,
    takeOwnTimes: () => takeOwnTimes(admin, topic),
    close: async () => {
      await Promise.all([producer.disconnect(), admin.disconnect()])
    },
  }
}

async function takeOwnTimes(admin: Admin, topic: string): Promise<void> {
  const type = kafkajs.ConfigResourceTypes.TOPIC
  const name = 'message.timestamp.type'
  const configEntries = [
    { name, value: 'CreateTime' },
    { name: 'retention.ms', value: '-1' },
  ]
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type, name: topic, configEntries }],
  })
  for (;;) {
    const { resources } = await admin.describeConfigs({
      resources: [{ type, name: topic, configNames: [name] }],
      includeSynonyms: false,
    })
    if (resources[0]?.configEntries[0]?.configValue === 'CreateTime') return
    await delay(50)
  }
}

async function readAll(of: {
  client: Kafka
  admin: Admin
  topic: string
}): Promise<readonly RawRecord[]> {
  const { client, admin, topic } = of
  const ends = await admin.fetchTopicOffsets(topic)
  const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  if (wanted === 0) return []
  const found = new Map<string, RawRecord>()
  const complete = Promise.withResolvers<void>()
  const consumer = client.consumer({ groupId: `${topic}-reader-${process.hrtime.bigint()}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message: { offset, timestamp, key, value } }) => {
      found.set(`${partition}:${offset}`, {
        ...{ partition, offset: BigInt(offset), timestamp: Number(timestamp) },
        ...{ key: key?.toString() ?? '', value: value?.toString() ?? '' },
      })
      if (found.size >= wanted) complete.resolve()
    },
  })
  await complete.promise
  await consumer.disconnect()
  return [...found.values()]
}
