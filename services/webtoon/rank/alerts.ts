import type { Alert } from '../../model/alert.ts'
import { rebuilding, redisErrors } from './metrics.ts'

export const alerts: readonly Alert[] = [
  {
    name: 'RankRedisErrors',
    severity: 'warning',
    for: '2m',
    summary: 'Rankings stand still because Redis does not take them',
    description: 'Redis refused more than one update in ten seconds over five minutes.',
    when: { measure: 'rate', metric: redisErrors, above: 0.1 },
  },
  {
    name: 'RankRebuilding',
    severity: 'warning',
    for: '10m',
    summary: 'Rankings are being counted anew for long',
    description:
      'Partitions have been counted anew from Kafka for ten minutes; readers get 503 meanwhile.',
    when: { measure: 'sum', metric: rebuilding, above: 0 },
  },
]
