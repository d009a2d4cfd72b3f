import type { Alert } from '../../model/alert.ts'
import { readAt } from './metrics.ts'

export const alerts: readonly Alert[] = [
  {
    name: 'KafkaUnseen',
    severity: 'critical',
    for: '1m',
    summary: 'Kafka does not say how far it is',
    description:
      'For over a minute Kafka has not answered who asks for its offsets: it is away, or nearly.',
    when: { measure: 'age', metric: readAt, above: 60 },
  },
]
