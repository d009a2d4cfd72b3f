import type { Alert } from '../../model/alert.ts'
import type { WorkerMetrics } from './metrics.ts'

interface Subject {
  readonly name: string
  readonly breaker: string
  readonly overdueSeconds: number
}

/** What people are told about a worker that asks the payment gateway. */
export const workerAlerts = (metrics: WorkerMetrics, of: Subject): readonly Alert[] => [
  ...aboutRequests(metrics, of),
  ...aboutTries(metrics, of),
]

const aboutRequests = (
  { unknownAge, pendingAge, dead }: WorkerMetrics,
  of: Subject,
): readonly Alert[] => [
  {
    name: 'WorkerUnknownTooLong',
    severity: 'critical',
    for: '1m',
    summary: `Nobody knows whether ${of.name} moved money`,
    description: `A request of ${of.name} has waited for the gateway’s word for over five minutes.`,
    when: { measure: 'max', metric: unknownAge, above: 300 },
  },
  {
    name: 'WorkerLate',
    severity: 'warning',
    for: '5m',
    summary: `Requests of ${of.name} wait too long`,
    description: `The oldest unfinished request of ${of.name} is over ${of.overdueSeconds / 60} minutes old.`,
    when: { measure: 'max', metric: pendingAge, above: of.overdueSeconds },
  },
  {
    name: 'WorkerGaveUp',
    severity: 'warning',
    for: '1m',
    pair: 'WorkerGaveUp',
    summary: `${of.name} has given up requests`,
    description: `Requests of ${of.name} were given up and wait for somebody to decide.`,
    when: { measure: 'max', metric: dead, above: 0 },
  },
  {
    name: 'WorkerGaveUpMany',
    severity: 'critical',
    for: '1m',
    pair: 'WorkerGaveUp',
    summary: `${of.name} has given up many requests`,
    description: `More than ten requests of ${of.name} were given up and wait for somebody to decide.`,
    when: { measure: 'max', metric: dead, above: 10 },
  },
]

const aboutTries = ({ attempts }: WorkerMetrics, of: Subject): readonly Alert[] => [
  {
    name: 'WorkerTriesInVain',
    severity: 'warning',
    for: '10m',
    summary: `Many tries of ${of.name} come to nothing`,
    description: `More than 30 % of the tries of ${of.name} over five minutes failed, or nothing was heard.`,
    when: {
      measure: 'share',
      metric: attempts,
      where: { outcome: ['failed', 'unknown', 'unasked'] },
      above: 0.3,
    },
  },
  {
    name: 'WorkerGatewaySlow',
    severity: 'warning',
    for: '2m',
    summary: `The payment gateway is slow for ${of.name}`,
    description: 'More than 30 % of the last hundred calls to the gateway took over five seconds.',
    when: {
      measure: 'max',
      metric: { name: 'circuit_breaker_slow_call_rate' },
      where: { name: [of.breaker] },
      above: 0.3,
    },
  },
]
