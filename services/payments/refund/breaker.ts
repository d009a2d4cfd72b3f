export const breaker = 'pg-refund-api'
