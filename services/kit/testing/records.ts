import { randomBytes } from 'node:crypto'
import kafkajs from 'kafkajs'
import type { Topic } from '../../model/topic.ts'
import { kafkaAdmin } from '../kafka/admin.ts'
import { within } from '../lifecycle.ts'
import { createLog } from '../log.ts'

/** A record as it lies in a topic. */
export interface Stored<V> {
  readonly partition: number
  readonly offset: bigint
  /** When the broker appended it, epoch milliseconds. */
  readonly timestamp: number
  readonly key: string
  readonly value: V
  readonly headers: Readonly<Record<string, string>>
}

/** Where a bench's topics are. */
export interface Shelf {
  readonly bootstrap: string
  readonly prefix: string
}

const log = createLog({ service: 'bench', instance: 'records', level: 'silent' })

/** Every record that a topic holds now, in order within each partition; read past the kit's own consumer. */
export async function recordsOf<V>(
  shelf: Shelf,
  topic: Topic<V>,
  withinMs = 20_000,
): Promise<readonly Stored<V>[]> {
  const missing = await unread(shelf, topic)
  const found: Stored<V>[] = []
  if (missing.size === 0) return found
  const client = new kafkajs.Kafka({
    clientId: 'bench',
    brokers: shelf.bootstrap.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const groupId = `${shelf.prefix}reader-${randomBytes(4).toString('hex')}`
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 200 })
  const all = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topic: shelf.prefix + topic.name, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const offset = BigInt(message.offset)
      found.push({ ...storedOf<V>(message), partition, offset })
      if (missing.get(partition) === offset + 1n) missing.delete(partition)
      if (missing.size === 0) all.resolve()
    },
  })
  try {
    await within(all.promise, withinMs, `${topic.name} was not read within ${withinMs} ms`)
  } finally {
    await consumer.disconnect()
  }
  return found
}

/** The end of every partition that holds something. */
async function unread({ bootstrap, prefix }: Shelf, topic: Topic): Promise<Map<number, bigint>> {
  const admin = await kafkaAdmin({ bootstrap, prefix, log })
  try {
    const ends = await patiently(() => admin.ends(topic))
    return new Map(
      ends.filter(({ low, high }) => high > low).map((one) => [one.partition, one.high]),
    )
  } finally {
    await admin.close()
  }
}

/** A topic that was made a moment ago has no leader yet. */
async function patiently<Value>(ask: () => Promise<Value>, attempts = 50): Promise<Value> {
  try {
    return await ask()
  } catch (error) {
    if ((error as { retriable?: boolean }).retriable !== true || attempts === 0) throw error
    await new Promise((resolve) => setTimeout(resolve, 100))
    return patiently(ask, attempts - 1)
  }
}

function storedOf<V>({ key, value, headers, timestamp }: kafkajs.KafkaMessage) {
  const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])
  return {
    timestamp: Number(timestamp),
    key: String(key),
    value: JSON.parse(String(value)) as V,
    headers: Object.fromEntries(texts) as Record<string, string>,
  }
}
