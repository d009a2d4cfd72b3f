import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import gateway from '../../platform/gateway/service.ts'
import { loadSource } from '../clients.ts'
import { pageView } from '../topics.ts'
import { api } from './api.ts'

export default service({
  name: 'generator',
  product: 'webtoon',
  summary: 'Makes readers: an open-loop source of page views and likes.',
  port: 8083,
  publishes: [pageView],
  calls: [gateway],
  identity: loadSource,
  api,
  edge: edge({
    prefixes: ['/generator'],
    limit: { perSecond: 10, burst: 20 },
    timeLimitMs: 1000,
  }),
  slo: { availability: 99.9, latency: { p95Ms: 200 } },
})
