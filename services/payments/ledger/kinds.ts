/** What can be wrong. */
export const kinds = [
  'missing_in_books',
  'missing_in_payments',
  'missing_in_gateway',
  /** A posting is missing or is not what the other one is. */
  'unbalanced',
  'amount',
  'currency',
  'merchant',
  /** The gateway approved one key more than once. */
  'charged_twice',
  /** An event names a payment or refund that is not there. */
  'event_unknown',
  /** An event says something else of its payment or refund than the payment API. */
  'event_differs',
  /** An event tells of a state that its payment or refund has not come to. */
  'event_ahead',
  /** An event waits in an outbox. */
  'event_stuck',
] as const
export type Kind = (typeof kinds)[number]
