import pg from 'pg'
import { kafkaAdmin } from '../../services/kit/testing/kafka-admin.ts'
import type { Topic } from '../../services/model/topic.ts'
import { consumersOf } from '../../services/model/topology.ts'
import { poll } from '../local/poll.ts'
import type { Check, Platform } from './check.ts'

const receivedWithinMs = 20_000

/** Whatever a dead-letter topic still holds was received: each offset is behind the group, and none twice in the table. */
export const deadLetterBooks: Check = {
  name: 'books of dead letters',
  says: 'every dead letter in Kafka was received, each once',
  run: async (platform) => {
    const topics = platform.topology.topics.filter(({ deadLetters }) => deadLetters !== undefined)
    const letters = topics.flatMap(({ deadLetters }) => (deadLetters ? [deadLetters] : []))
    const admin = await kafkaAdmin({ bootstrap: platform.kafka, prefix: '' })
    try {
      const missing = async (): Promise<readonly string[]> =>
        (await Promise.all(letters.map((topic) => unreceived(platform, admin, topic)))).flat()
      await poll(async () => ((await missing()).length === 0 ? true : undefined), {
        withinMs: receivedWithinMs,
        everyMs: 500,
      })
      return { seen: letters.length, unit: 'topics', broken: await missing() }
    } finally {
      await admin.close()
    }
  },
}

async function unreceived(
  { topology, postgres }: Platform,
  admin: Awaited<ReturnType<typeof kafkaAdmin>>,
  topic: Topic,
): Promise<readonly string[]> {
  const [recoverer] = consumersOf(topology, topic)
  const group = recoverer?.consumes.find((one) => one.topic === topic)?.group ?? ''
  const [ends, committed] = await Promise.all([admin.ends(topic), admin.committed(group, topic)])
  const behind = ends
    .filter(({ partition, low, high }) => high > (committed.get(partition) ?? low))
    .map(
      ({ partition, high }) =>
        `${topic.name}: partition ${partition} ends at ${high}, ${group} has read up to ${committed.get(partition) ?? 0n}`,
    )
  const last = await lastKept(postgres[recoverer?.name ?? ''], topic)
  const beyond = [...last]
    .filter(
      ([partition, offset]) =>
        offset >= (ends.find((one) => one.partition === partition)?.high ?? 0n),
    )
    .map(
      ([partition, offset]) =>
        `${topic.name}: a letter of ${partition}:${offset} is kept that Kafka never had`,
    )
  return [...behind, ...beyond]
}

/** The last offset of which each partition's letter is kept. */
async function lastKept(
  url: string | undefined,
  { name }: Topic,
): Promise<ReadonlyMap<number, bigint>> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows } = await client.query<{ partition: number; last: string }>(
      'select partition, max("offset") as last from dead_letters where topic = $1 group by partition',
      [name],
    )
    return new Map(rows.map(({ partition, last }) => [partition, BigInt(last)]))
  } finally {
    await client.end()
  }
}
