import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import gateway from '../../platform/gateway/service.ts'
import { loadSource } from '../clients.ts'
import { pageView } from '../topics.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'
import { panels } from './panels.ts'

const whole = (ifAbsent: number, most: number) =>
  z.coerce.number<string>().int().min(1).max(most).default(ifAbsent)

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
  metrics,
  panels,
  settings: {
    eps: { schema: whole(100, 10_000), summary: 'Events per second of a run that says nothing' },
    userPool: { schema: whole(1000, 1_000_000), summary: 'Readers of a run that says nothing' },
    contentPool: { schema: whole(500, 100_000), summary: 'Titles of a run that says nothing' },
  },
  slo: { availability: 99.9, latency: { p95Ms: 200 } },
})
