import { randomBytes } from 'node:crypto'
import type { Kafka, KafkaMessage } from 'kafkajs'
import type { Topic } from '../../model/topic.ts'
import { connect, retries } from '../kafka/client.ts'
import { within } from '../within.ts'
import { kafkaAdmin, type Shelf } from './kafka-admin.ts'

/** A record as it lies in a topic. */
export interface Stored<V> {
  readonly partition: number
  readonly offset: bigint
  /** When the broker appended it, epoch milliseconds; where a topic takes records' own times, that time. */
  readonly timestamp: number
  readonly key: string
  readonly value: V
  readonly headers: Readonly<Record<string, string>>
}

/** Every record that a topic holds now, in order within each partition; read past the kit's own consumer. */
export async function recordsOf<V>(
  shelf: Shelf,
  topic: Topic<V>,
  withinMs?: number,
): Promise<readonly Stored<V>[]> {
  const records = await textsOf(shelf, topic, withinMs)
  return records.map((record) => ({ ...record, value: JSON.parse(record.value) as V }))
}

/**
 * The same with the values as they were written, which may be no JSON at all.
 * @param since only records that were appended at or after this time, epoch milliseconds
 * @throws Error after `withinMs`
 */
export async function textsOf(
  shelf: Shelf,
  topic: Pick<Topic, 'name'>,
  withinMs = 20_000,
  since?: number,
): Promise<readonly Stored<string>[]> {
  const { name } = topic
  const missing = await unread(shelf, name)
  const starts = since === undefined ? undefined : await startsOf(shelf, topic, since)
  for (const [partition, start] of starts ?? [])
    if (start >= (missing.get(partition) ?? 0n)) missing.delete(partition)
  if (missing.size === 0) return []
  const { client, named } = connect({ ...shelf, clientId: 'bench', retry: retries.patient })
  const groupId = named(`reader-${randomBytes(4).toString('hex')}`)
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 200 })
  consumer.on(consumer.events.GROUP_JOIN, () => {
    for (const [partition, offset] of starts ?? [])
      consumer.seek({ topic: named(name), partition, offset: String(offset) })
  })
  const found = new Map<string, Stored<string>>()
  const all = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topic: named(name), fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const offset = BigInt(message.offset)
      if (offset < (starts?.get(partition) ?? 0n)) return
      // A reader that lost its place begins again.
      found.set(`${partition}:${offset}`, { ...storedOf(message), partition, offset })
      if (missing.get(partition) === offset + 1n) missing.delete(partition)
      if (missing.size === 0) all.resolve()
    },
  })
  try {
    await within(all.promise, withinMs, `${name} was not read within ${withinMs} ms`)
  } finally {
    await consumer.disconnect()
    await forget(client, groupId)
  }
  return [...found.values()]
}

async function startsOf(shelf: Shelf, topic: Pick<Topic, 'name'>, since: number) {
  const admin = await kafkaAdmin(shelf)
  return admin.since(topic, since).finally(() => admin.close())
}

/** The end of every partition that holds something. */
async function unread(shelf: Shelf, name: string): Promise<Map<number, bigint>> {
  const admin = await kafkaAdmin(shelf)
  try {
    const ends = await patiently(() => admin.ends({ name }))
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

/** A reader's group would be looked at by whoever watches lag. */
async function forget(client: Kafka, groupId: string): Promise<void> {
  const admin = client.admin()
  await admin.connect()
  await admin.deleteGroups([groupId]).catch(() => undefined)
  await admin.disconnect()
}

function storedOf({ key, value, headers, timestamp }: KafkaMessage) {
  const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])
  return {
    timestamp: Number(timestamp),
    key: String(key ?? ''),
    value: String(value ?? ''),
    headers: Object.fromEntries(texts) as Record<string, string>,
  }
}
