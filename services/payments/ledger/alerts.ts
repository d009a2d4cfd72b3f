import type { Alert } from '../../model/alert.ts'
import { kinds } from './kinds.ts'
import { differences, oldestInFlight, reconciledAt } from './metrics.ts'

export const alerts: readonly Alert[] = [
  {
    name: 'BooksOutOfBalance',
    severity: 'critical',
    for: '2m',
    summary: 'Books, payments and gateway do not agree',
    description:
      'The latest reconciliations found captures, refunds or events on which the books, the payments and the gateway’s log differ.',
    // Of an event that only waits the outbox itself tells.
    when: {
      measure: 'max',
      metric: differences,
      where: { kind: kinds.filter((kind) => kind !== 'event_stuck') },
      above: 0,
    },
  },
  {
    name: 'PaymentsInFlightTooLong',
    severity: 'warning',
    for: '2m',
    summary: 'Money has been on its way for long',
    description: 'A capture or refund has waited for its end for over fifteen minutes.',
    when: { measure: 'max', metric: oldestInFlight, above: 900 },
  },
  {
    name: 'ReconciliationMissing',
    severity: 'warning',
    for: '2m',
    summary: 'The books are not compared with anything',
    description: 'No reconciliation has come to its end for ten minutes.',
    when: { measure: 'age', metric: reconciledAt, above: 600 },
  },
]
