import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { rankings } from '../stores.ts'
import { pageView } from '../topics.ts'
import { alerts } from './alerts.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'
import { panels } from './panels.ts'

const weight = z.coerce.number<string>().int().min(0).max(1000).default(1)

export default service({
  name: 'rank',
  product: 'webtoon',
  summary: 'Counts views and likes per window, exactly, and serves the top titles.',
  port: 8102,
  stores: [rankings],
  consumes: [consume(pageView, 'rank-service')],
  api,
  edge: edge({
    prefixes: ['/rank'],
    limit: { perSecond: 300, burst: 600 },
    timeLimitMs: 1000,
    retries: { attempts: 3, firstBackoffMs: 50, maxBackoffMs: 500 },
  }),
  metrics,
  alerts,
  panels,
  settings: {
    viewWeight: { schema: weight, summary: 'What a view adds to a count' },
    likeWeight: { schema: weight, summary: 'What a like adds to a count' },
    aggregateReadFactor: {
      schema: z.coerce.number<string>().int().min(1).default(3),
      summary: 'Value of the header X-Aggregate-ReadFactor; sums do not depend on it',
    },
  },
  tasks: { rebuild: 'Counts the rankings anew from Kafka.' },
  slo: { availability: 99.9, latency: { p95Ms: 200 } },
  scale: { min: 2, max: 8, on: { lagOf: pageView, perReplica: 5000 } },
})
