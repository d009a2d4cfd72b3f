import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { letters } from '../stores.ts'
import { alerts } from './alerts.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'

export default service({
  name: 'dead-letters',
  product: 'platform',
  summary: 'Keeps what could not be processed, and sends it back when people say so.',
  port: 8107,
  stores: [letters],
  recovers: 'all',
  api,
  edge: edge({
    prefixes: ['/dlq'],
    limit: { perSecond: 20, burst: 40, whenStoreFails: 'local' },
    timeLimitMs: 10_000,
  }),
  metrics,
  alerts,
  settings: {
    replayLimit: {
      schema: z.coerce.number().int().min(1).max(100).default(3),
      summary: 'How often one record may be sent back, over all its returns; 3 by default',
    },
    keptDays: {
      schema: z.coerce.number().int().min(1).default(30),
      summary: 'Days after which rejected and reprocessed letters are deleted; 30 by default',
    },
    capacity: {
      schema: z.coerce.number().int().min(100).default(1_000_000),
      summary: 'Letters that are kept at most; what comes then waits in Kafka; 1000000 by default',
    },
  },
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 4, on: 'cpu' },
})
