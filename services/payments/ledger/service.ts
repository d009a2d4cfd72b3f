import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { books, gatewayBooks, payments, refunds, settlements } from '../stores.ts'
import * as topics from '../topics.ts'
import { alerts } from './alerts.ts'
import { api } from './api.ts'
import { invariants } from './invariants.ts'
import * as metrics from './metrics.ts'
import { panels } from './panels.ts'

const count = (least: number) => z.coerce.number<string>().int().min(least)
const group = 'ledger'

export default service({
  name: 'ledger',
  product: 'payments',
  summary: 'Keeps the books, and compares them with payments and the gateway.',
  port: 8204,
  stores: [books],
  reads: [payments, gatewayBooks, settlements, refunds],
  publishes: [topics.settlementClosed],
  consumes: [consume(topics.captured, group), consume(topics.refunded, group)],
  api,
  edge: edge({
    base: '/api',
    prefixes: ['/ledger', '/reconciliation'],
    limit: { perSecond: 100, burst: 200 },
    // Comparisons of everything, and of the largest file, take their time.
    timeLimitMs: 30_000,
    retries: { attempts: 2, firstBackoffMs: 50, maxBackoffMs: 300 },
  }),
  metrics,
  alerts,
  panels,
  invariants,
  settings: {
    reconcileEveryMs: {
      schema: count(10).default(60_000),
      summary: 'How often the books are compared with the rest; 60000 by default',
    },
    inFlightMs: {
      schema: count(1).default(60_000),
      summary: 'What changed less than this long ago is in flight; 60000 by default',
    },
    closeEveryMs: {
      schema: count(10).default(60_000),
      summary: 'How often it is looked whether a day is over in Seoul; 60000 by default',
    },
    runsKeptDays: {
      schema: count(1).default(30),
      summary: 'Days for which comparisons are kept; 30 by default',
    },
  },
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 4, on: 'cpu' },
})
