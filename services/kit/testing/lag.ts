import { Kafka, logLevel } from 'kafkajs'
import type { Consumption } from '../../model/topic.ts'

/** Records that the groups of these consumptions have not committed yet, over all partitions. */
export async function lagOf(
  bootstrap: string,
  prefix: string,
  consumptions: readonly Consumption[],
): Promise<number> {
  const admin = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    let lag = 0
    for (const { topic, group } of consumptions) {
      const name = prefix + topic.name
      const [ends, [committed]] = await Promise.all([
        admin.fetchTopicOffsets(name),
        admin.fetchOffsets({ groupId: prefix + group, topics: [name] }),
      ])
      for (const { partition, high, low } of ends) {
        const at = Number(
          committed?.partitions.find((one) => one.partition === partition)?.offset ?? -1,
        )
        lag += Number(high) - Math.max(at, Number(low))
      }
    }
    return lag
  } finally {
    await admin.disconnect()
  }
}
