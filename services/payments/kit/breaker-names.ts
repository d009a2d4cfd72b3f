/** Contract: the circuit breakers towards the payment gateway, each in the service that asks for it. */
export const breakerNames = {
  authorize: 'pg-auth-api',
  capture: 'pg-capture-api',
  refund: 'pg-refund-api',
  /** Looks after payments, with a query or a void. */
  void: 'pg-void-api',
} as const
