import { board } from '../model/board.ts'

export const paymentOverview = board('payment-overview', {
  title: 'Payment Service Overview',
  product: 'payments',
  summary: 'What merchants ask for and get, and whom payment calls at the moment.',
})

export const performance = board('perf-800rps', {
  title: 'Performance',
  product: 'payments',
  summary: 'How much payments carry, how fast, and what of it is used up.',
})

export const settlementAndRefund = board('settlement-refund', {
  title: 'Settlement & Refund Statistics',
  product: 'payments',
  summary: 'What was captured and given back, and what waits for the gateway or for people.',
})

export const moneyBoard = board('payments-money', {
  title: 'Money',
  product: 'payments',
  summary: 'What was captured and refunded, and whether books, payments and gateway agree on it.',
})
