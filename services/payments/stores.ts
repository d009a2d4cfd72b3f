import { store } from '../model/store.ts'

export const payments = store('mariadb', 'payment', {
  summary: 'Payments, refunds, stored answers and the outbox of their events.',
})

export const paymentReplays = store('redis', 'payment', {
  summary: 'Answers of the last minutes, and the limits of merchants.',
  keys: ['idem:authorize:*', 'request_rate_limiter.*'],
  recovery: 'rebuild',
})

export const gatewayBooks = store('mariadb', 'pg_mock', {
  summary: 'What the mock payment gateway decided, and the log of every call.',
})

export const settlements = store('mariadb', 'settlement', {
  summary: 'What is to be captured, what came of it, and the outbox of its reports.',
})

export const refunds = store('mariadb', 'refund', {
  summary: 'What is to be given back, what came of it, and the outbox of its reports.',
})

export const books = store('mariadb', 'ledger', {
  summary: 'The books: two postings for each capture and refund, and what was compared with them.',
  // A posting is never changed, nor does it go.
  changing: ['inclusion', 'reconciliation', 'reconciliation_clock'],
})
