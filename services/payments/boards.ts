import { board } from '../model/board.ts'

export const settlementAndRefund = board('payment-settlement-refund', {
  title: 'Settlement & Refund Statistics',
  product: 'payments',
  summary: 'What was captured and given back, and what waits for the gateway or for people.',
})
