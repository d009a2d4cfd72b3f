import type { Alert } from '../../model/alert.ts'
import { deadLettered, rejected } from './metrics.ts'

const refused = 'DeadLetters'
const pressed = 'Backpressure'

/** What keeps the broker from taking right events; wrong events are their senders' matter. */
const broker = { cause: ['overloaded', 'timeout', 'unavailable'] }

/** Thresholds: contract, alert table of the earlier system. */
export const alerts: readonly Alert[] = [
  {
    name: 'HighDLQEventRate',
    severity: 'warning',
    for: '5m',
    pair: refused,
    summary: 'Kafka refuses many events',
    description: 'More than 10 events a second were dead letters over five minutes.',
    when: { measure: 'rate', metric: deadLettered, above: 10 },
  },
  {
    name: 'CriticalDLQEventRate',
    severity: 'critical',
    for: '2m',
    pair: refused,
    summary: 'Kafka refuses most events',
    description: 'More than 50 events a second were dead letters over five minutes.',
    when: { measure: 'rate', metric: deadLettered, above: 50 },
  },
  {
    name: 'BackpressureActivated',
    severity: 'warning',
    for: '2m',
    pair: pressed,
    summary: 'Events are turned away because Kafka does not take them in time',
    description: 'More than 5 events a second were not acknowledged over five minutes.',
    when: { measure: 'rate', metric: rejected, where: broker, above: 5 },
  },
  {
    name: 'BackpressureCritical',
    severity: 'critical',
    for: '1m',
    pair: pressed,
    summary: 'Many events are turned away because Kafka does not take them in time',
    description: 'More than 20 events a second were not acknowledged over five minutes.',
    when: { measure: 'rate', metric: rejected, where: broker, above: 20 },
  },
]
