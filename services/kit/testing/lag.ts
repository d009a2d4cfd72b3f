import type { Consumption } from '../../model/topic.ts'
import { kafkaAdmin } from './kafka-admin.ts'

/**
 * Records that the groups of these consumptions have not committed yet, over all partitions. Infinity while the
 * broker has no coordinator for a group, as in its first seconds.
 */
export async function lagOf(
  bootstrap: string,
  prefix: string,
  consumptions: readonly Consumption[],
): Promise<number> {
  const admin = await kafkaAdmin({ bootstrap, prefix })
  try {
    let lag = 0n
    for (const { topic, group } of consumptions) {
      const [ends, committed] = await Promise.all([
        admin.ends(topic),
        admin.committed(group, topic),
      ])
      for (const { partition, high, low } of ends) lag += high - (committed.get(partition) ?? low)
    }
    return Number(lag)
  } catch (error) {
    if ((error as { retriable?: boolean }).retriable === true) return Infinity
    throw error
  } finally {
    await admin.close()
  }
}
