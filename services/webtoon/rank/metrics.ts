import { counter, gauge } from '../../model/metric.ts'

export const redisUpdates = counter('rank_redis_updates_total', {
  help: 'Batches that were counted in Redis, each in one atomic call',
})

export const redisErrors = counter<'cause'>('rank_redis_errors_total', {
  help: 'Batches that Redis did not count, because it was away or refused them; they come again',
  labels: { cause: ['unavailable', 'refused'] },
})

export const events = counter<'outcome'>('rank_events_total', {
  help: 'Records by what became of them',
  labels: { outcome: ['counted', 'duplicate', 'late', 'early', 'dead'] },
})

export const lateDropped = counter('late_dropped_total', {
  help: 'Events that came more than 60 s after their own time and are in no window',
})

export const rebuilds = counter('rank_rebuilds_total', {
  help: 'Partitions whose ranking was lost in Redis and is counted anew from Kafka',
})

export const rebuilding = gauge('rank_rebuilding_partitions', {
  help: 'Partitions that are not counted up to date after a loss; rankings are refused meanwhile',
})

export const fenceLag = gauge('rank_fence_lag_records', {
  help: 'Records of this replica’s partitions that are not counted yet',
})
