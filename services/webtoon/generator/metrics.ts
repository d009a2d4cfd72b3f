import { counter, histogram } from '../../model/metric.ts'

export const generated = counter('generator_events_generated_total', {
  help: 'Events that were made and handed over',
})

export const published = counter('generator_events_published_total', {
  help: 'Events that were acknowledged',
})

export const errors = counter('generator_events_error_total', {
  help: 'Events that were refused or of which nobody knows',
})

export const skipped = counter('generator_events_skipped_total', {
  help: 'Events that fell due over a second ago and were never made',
})

export const publishDuration = histogram('generator_publish_duration_seconds', {
  help: 'From handing over the events of one tick to the last acknowledgement',
})
