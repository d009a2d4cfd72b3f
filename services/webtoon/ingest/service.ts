import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { pageView, pageViewDeadLetters } from '../topics.ts'
import { alerts } from './alerts.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'

export default service({
  name: 'ingest',
  product: 'webtoon',
  summary: 'Accepts page views and likes; 202 means that the broker has them.',
  port: 8101,
  publishes: [pageView, pageViewDeadLetters],
  api,
  edge: edge({
    prefixes: ['/ingest'],
    limit: { perSecond: 200, burst: 400 },
    timeLimitMs: 1000,
  }),
  metrics,
  alerts,
  settings: {
    deadlineMs: {
      schema: z.coerce.number().int().min(50).default(800),
      summary: 'All that a request may take until the broker has acknowledged',
    },
  },
  slo: { availability: 99.9, latency: { p95Ms: 100 } },
  scale: { min: 3, max: 15, on: 'cpu' },
})
