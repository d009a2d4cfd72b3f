import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { titleIndex } from '../stores.ts'
import { catalogUpsert } from '../topics.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'

export default service({
  name: 'search',
  product: 'webtoon',
  summary: 'Finds titles by Korean full text.',
  port: 8104,
  stores: [titleIndex],
  consumes: [consume(catalogUpsert, 'search-indexer')],
  api,
  edge: edge({
    prefixes: ['/search'],
    limit: { perSecond: 200, burst: 400 },
    timeLimitMs: 1500,
    retries: { attempts: 3, firstBackoffMs: 50, maxBackoffMs: 500 },
  }),
  metrics,
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 10, on: 'cpu' },
})
