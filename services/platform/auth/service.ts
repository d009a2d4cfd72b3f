import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { accounts } from '../stores.ts'
import { alerts } from './alerts.ts'
import { api } from './api.ts'
import { clientList } from './client-list.ts'
import * as metrics from './metrics.ts'

export default service({
  name: 'auth',
  product: 'platform',
  summary: 'Issues access and refresh tokens and publishes the keys that verify them.',
  port: 8105,
  stores: [accounts],
  api,
  metrics,
  alerts,
  edge: edge({
    prefixes: ['/token', '/keys', '/.well-known'],
    limit: { perSecond: 20, burst: 40, whenStoreFails: 'local' },
    timeLimitMs: 2000,
  }),
  settings: {
    clients: {
      schema: clientList,
      summary: 'Declared clients with their secrets, as JSON',
      secret: 'clients',
    },
    sealingKey: {
      schema: z.string().min(32),
      summary: 'Seals signing keys in the database',
      secret: 'random',
    },
    accessSeconds: {
      schema: z.coerce.number().int().min(10).max(7200).default(900),
      summary: 'Life of an access token; 900 by default',
    },
    auditKeptDays: {
      schema: z.coerce.number().int().min(1).default(365),
      summary: 'Days that the audit trail is kept; 365 by default',
    },
    refreshSeconds: {
      schema: z.coerce.number().int().min(60).default(86_400),
      summary: 'Life of a refresh token; 86400 by default',
    },
  },
  slo: { availability: 99.9, latency: { p95Ms: 200 } },
  scale: { min: 2, max: 5, on: 'cpu' },
})
