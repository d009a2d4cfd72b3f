import type { Settings } from '../settings.ts'

/** Copies of a partition: three where there are brokers for it; two must have a record before it is acknowledged. */
const wanted = { factor: 3, minInSync: 2 }

/** Replication factor and `min.insync.replicas` of every topic of a stack. */
export function replicationOf({ kafka }: Pick<Settings, 'kafka'>) {
  const factor = Math.min(wanted.factor, kafka.brokers)
  return { factor, minInSync: Math.max(1, Math.min(wanted.minInSync, factor - 1)) }
}
