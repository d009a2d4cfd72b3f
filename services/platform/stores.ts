import { store } from '../model/store.ts'

export const accounts = store('postgres', 'auth', {
  summary: 'Clients, sealed signing keys and refresh token families.',
})

export const letters = store('postgres', 'dead_letters', {
  summary: 'Dead letters with their states, and who decided what about them.',
})

export const limits = store('redis', 'gateway', {
  summary: 'Token buckets of the rate limiter.',
  keys: ['request_rate_limiter.*'],
  recovery: 'rebuild',
})
