import { counter, gauge } from '../../model/metric.ts'

export const received = counter<'topic'>('ingest_dlq_received_total', {
  help: 'Dead letters that were taken over from Kafka',
  labels: { topic: [] },
})

export const reprocessed = counter<'topic'>('ingest_dlq_reprocess_success_total', {
  help: 'Dead letters that were sent back to their topic',
  labels: { topic: [] },
})

export const reprocessFailed = counter<'topic'>('ingest_dlq_reprocess_failure_total', {
  help: 'Dead letters that could not be sent back, or of which nobody knows',
  labels: { topic: [] },
})

export const open = gauge<'topic'>('dead_letters_open', {
  help: 'Dead letters that wait for a decision or for being sent back',
  labels: { topic: [] },
})

export const oldestOpen = gauge<'topic'>('dead_letters_oldest_open_age_seconds', {
  help: 'How long the oldest open dead letter has been here',
  labels: { topic: [] },
})
