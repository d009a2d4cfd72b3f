import { counter, gauge } from '../../model/metric.ts'
import { kinds } from './kinds.ts'
import { results } from './results.ts'

const types = ['capture', 'refund']

export const posted = counter<'type'>('ledger_posted_total', {
  help: 'Captures and refunds that came into the books',
  labels: { type: types },
})

export const postedAmount = counter<'type' | 'currency'>('ledger_posted_minor_total', {
  help: 'Their amounts, in minor units',
  labels: { type: types, currency: [] },
})

export const repeated = counter<'type'>('ledger_repeated_total', {
  help: 'Events of captures and refunds that were in the books already',
  labels: { type: types },
})

export const batches = counter('ledger_batches_closed_total', {
  help: 'Days of merchants that were closed',
})

export const fileRows = counter<'result'>('reconciliation_file_rows_total', {
  help: 'Rows of the gateway’s files by what came of their comparison',
  labels: { result: results },
})

export const difference = gauge<'currency'>('reconciliation_difference_minor', {
  help: 'How far apart books, payments and gateway are, summed over everything that is wrong, in minor units',
  labels: { currency: [] },
})

export const differences = gauge<'kind'>('reconciliation_differences', {
  help: 'What is wrong by the latest reconciliation; one thing may be wrong in several ways',
  labels: { kind: kinds },
})

export const inFlight = gauge('reconciliation_in_flight', {
  help: 'Payments, refunds and events that changed a moment ago or wait for their end',
})

export const oldestInFlight = gauge('reconciliation_in_flight_oldest_seconds', {
  help: 'For how long the oldest of them has not changed',
})

export const reconciledAt = gauge('reconciliation_run_timestamp_seconds', {
  help: 'When the latest reconciliation ended (Unix time)',
})
