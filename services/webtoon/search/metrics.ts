import { counter, histogram } from '../../model/metric.ts'

export const indexed = counter('search_indexed_total', {
  help: 'Title changes that are in the index, deletions too',
})

export const stale = counter('search_stale_total', {
  help: 'Title changes that came after a newer one and were left out',
})

export const errors = counter('search_index_errors_total', {
  help: 'Refusals of single title changes by the index, retried ones too',
})

export const failures = counter('search_index_failure_total', {
  help: 'Title changes that were given up and went to the dead letters',
})

export const latency = histogram('search_index_latency_seconds', {
  help: 'Time of one bulk write to the index',
})
