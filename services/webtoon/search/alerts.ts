import type { Alert } from '../../model/alert.ts'
import { httpServerRequests } from '../../model/metric.ts'
import { errors, failures, latency } from './metrics.ts'

/** Thresholds: contract, alert table of the earlier system. */
export const alerts: readonly Alert[] = [
  {
    name: 'SearchLatencyP95High',
    severity: 'warning',
    for: '5m',
    summary: 'Search answers slowly',
    description: 'One in twenty searches took more than 0.3 s over five minutes.',
    when: {
      measure: 'p95',
      metric: { name: httpServerRequests },
      where: { uri: ['/search.*'] },
      above: 0.3,
    },
  },
  {
    name: 'HighSearchIndexingFailureRate',
    severity: 'warning',
    for: '5m',
    summary: 'Titles do not reach the index',
    description: 'More than one change a second became a dead letter over five minutes.',
    when: { measure: 'rate', metric: failures, above: 1 },
  },
  {
    name: 'SearchIndexingLatencyHigh',
    severity: 'warning',
    for: '5m',
    summary: 'Titles reach the index slowly',
    description: 'One in twenty writes to the index took more than 1 s over five minutes.',
    when: { measure: 'p95', metric: latency, above: 1 },
  },
  {
    name: 'SearchIndexingErrorsHigh',
    severity: 'warning',
    for: '3m',
    summary: 'Writing to the index fails and is tried again',
    description: 'More than 5 writes a second to the index failed over five minutes.',
    when: { measure: 'rate', metric: errors, above: 5 },
  },
]
