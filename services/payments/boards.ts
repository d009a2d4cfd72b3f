import { board } from '../model/board.ts'

export const moneyBoard = board('payments-money', {
  title: 'Money',
  product: 'payments',
  summary: 'What was captured and refunded, and whether books, payments and gateway agree on it.',
})
