export const breaker = 'pg-capture-api'
