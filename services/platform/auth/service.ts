import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { accounts } from '../stores.ts'
import { api } from './api.ts'

export default service({
  name: 'auth',
  product: 'platform',
  summary: 'Issues access and refresh tokens and publishes the keys that verify them.',
  port: 8105,
  stores: [accounts],
  api,
  edge: edge({
    prefixes: ['/token', '/keys', '/.well-known'],
    limit: { perSecond: 20, burst: 40, whenStoreFails: 'local' },
    timeLimitMs: 2000,
  }),
  settings: {
    clients: {
      schema: z.string(),
      summary: 'Declared clients with their secrets, as JSON',
      secret: 'clients',
    },
    sealingKey: {
      schema: z.string().min(32),
      summary: 'Seals signing keys in the database',
      secret: 'random',
    },
  },
  slo: { availability: 99.9, latency: { p95Ms: 200 } },
  scale: { min: 2, max: 5, on: 'cpu' },
})
