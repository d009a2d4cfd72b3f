import { counter, histogram } from '../../model/metric.ts'

export const published = counter('events_published_total', {
  help: 'Events that the broker acknowledged',
})

export const publishErrors = counter('events_publish_errors_total', {
  help: 'Events that were right and not acknowledged',
})

export const publishDuration = histogram('events_publish_duration_seconds', {
  help: 'From the first event of a request to the last acknowledgement',
  buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1],
})

export const deadLettered = counter('ingest_events_dlq_total', {
  help: 'Events in the dead-letter topic because the broker refused them',
})

export const rejected = counter<'cause'>('ingest_events_error_total', {
  help: 'Events that were answered with an error, by cause',
  labels: {
    cause: [
      'invalid',
      'too_old',
      'in_future',
      'too_large',
      'refused',
      'unavailable',
      'timeout',
      'overloaded',
    ],
  },
})
