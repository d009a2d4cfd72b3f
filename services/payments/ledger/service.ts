import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { books } from '../stores.ts'
import * as topics from '../topics.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'

const group = 'ledger'

export default service({
  name: 'ledger',
  product: 'payments',
  summary: 'Keeps the books: two postings for each capture and refund.',
  port: 8204,
  stores: [books],
  consumes: [consume(topics.captured, group), consume(topics.refunded, group)],
  api,
  edge: edge({
    base: '/api',
    prefixes: ['/ledger'],
    limit: { perSecond: 100, burst: 200 },
    timeLimitMs: 3000,
    retries: { attempts: 2, firstBackoffMs: 50, maxBackoffMs: 300 },
  }),
  metrics,
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
})
