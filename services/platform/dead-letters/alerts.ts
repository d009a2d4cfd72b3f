import type { Alert } from '../../model/alert.ts'
import { oldestOpen, reprocessFailed } from './metrics.ts'

const day = 86_400

export const alerts: readonly Alert[] = [
  {
    name: 'DeadLettersForgotten',
    severity: 'warning',
    for: '10m',
    summary: 'Dead letters of {{ $labels.topic }} wait for somebody to decide',
    description: 'The oldest open dead letter of {{ $labels.topic }} is over a day old.',
    when: { measure: 'max', metric: oldestOpen, by: ['topic'], above: day },
  },
  {
    name: 'DeadLettersNotSent',
    severity: 'warning',
    for: '2m',
    summary: 'Dead letters cannot be sent back',
    description: 'Sending back failed more than once in ten seconds over five minutes.',
    when: { measure: 'rate', metric: reprocessFailed, above: 0.1 },
  },
]
