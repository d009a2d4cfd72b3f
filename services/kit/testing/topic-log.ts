import { setTimeout as delay } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import { connect } from '../kafka/client.ts'
import { offsetsOf, type PartitionEnds } from '../kafka/offsets.ts'
import { textsOf, type Stored } from './records.ts'

/** What is written: `timestamp` (epoch ms) has an effect only where the topic takes records' own times. */
export interface RawWrite {
  readonly key: string
  readonly value: string
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** A value that no consumer can read. */
export const unreadable = '{'

/** Appends records to a topic beside the code under test. @param topic full name on the broker */
export async function append(
  bootstrap: string,
  topic: string,
  records: readonly RawWrite[],
): Promise<void> {
  const log = await topicLog(bootstrap, topic)
  await log.write(records).finally(() => log.close())
}

/** One topic, written and read beside the code under test. */
export interface TopicLog {
  write(records: readonly RawWrite[]): Promise<void>
  /** Every record, in no order between partitions. */
  read(): Promise<readonly Stored<string>[]>
  /** End of each partition. */
  ends(): Promise<readonly PartitionEnds[]>
  /**
   * Lets record times be forged: rules about the broker's clock cannot be reached at their borders with the real
   * one. Call it after the topic's services were started; provisioning sets the declared configuration again.
   */
  takeOwnTimes(): Promise<void>
  close(): Promise<void>
}

const readWithinMs = 60_000

/** @param topic full name on the broker, with the bench's prefix */
export async function topicLog(bootstrap: string, topic: string): Promise<TopicLog> {
  const shelf = { bootstrap, prefix: '' }
  const connection = connect({ ...shelf, clientId: 'bench' })
  const { client } = connection
  const producer = client.producer({ allowAutoTopicCreation: false })
  const admin = client.admin()
  await Promise.all([producer.connect(), admin.connect()])
  return {
    write: async (records) => {
      const messages = records.map(({ timestamp, headers, ...record }) => ({
        ...record,
        ...(headers && { headers }),
        ...(timestamp !== undefined && { timestamp: String(timestamp) }),
      }))
      await producer.send({ topic, messages, acks: -1 })
    },
    read: () => textsOf(shelf, { name: topic }, readWithinMs),
    ends: () => offsetsOf(admin, connection).ends({ name: topic }),
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
