/** What can become of a row. */
export const results = [
  'matched',
  'amount',
  'currency',
  /** The payment API knows it, and not as captured or refunded. */
  'status',
  'missing_in_books',
  'missing_in_gateway',
  /** The same operation stands in an earlier line or file. */
  'duplicate',
] as const
export type Result = (typeof results)[number]
