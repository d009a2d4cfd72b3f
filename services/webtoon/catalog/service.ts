import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { titles } from '../stores.ts'
import { catalogUpsert } from '../topics.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'

export default service({
  name: 'catalog',
  product: 'webtoon',
  summary: 'Keeps the titles that readers can open.',
  port: 8103,
  stores: [titles],
  publishes: [catalogUpsert],
  api,
  edge: edge({
    prefixes: ['/catalog'],
    limit: { perSecond: 100, burst: 200 },
    timeLimitMs: 1500,
    retries: { attempts: 2, firstBackoffMs: 50, maxBackoffMs: 300 },
  }),
  metrics,
  settings: {
    tombstoneKeptDays: {
      // What is read again must find its tombstone: longer than the topic and the index keep theirs (7 days).
      schema: z.coerce.number<string>().int().min(8).default(30),
      summary:
        'Days after which nothing but id and version is left of a deleted title; 30 by default',
    },
    auditKeptDays: {
      schema: z.coerce.number<string>().int().min(1).default(365),
      summary: 'Days that the audit trail is kept; 365 by default',
    },
  },
  slo: { availability: 99.9, latency: { p95Ms: 100 } },
  scale: { min: 2, max: 8, on: 'cpu' },
})
