import { counter } from '../../model/metric.ts'

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
