import { counter } from '../../model/metric.ts'

export const calls = counter<'type' | 'outcome'>('pg_mock_calls_total', {
  help: 'Calls to the mock payment gateway by what came of them',
  labels: {
    type: ['authorize', 'capture', 'refund', 'void'],
    outcome: ['approved', 'declined', 'voided', 'tombstone', 'replayed', 'refused', 'failed'],
  },
})
