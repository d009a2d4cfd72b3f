import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { paymentDesk } from '../clients.ts'
import { auditKeptDays } from '../kit/settings.ts'
import pgMock from '../pg-mock/service.ts'
import refund from '../refund/service.ts'
import settlement from '../settlement/service.ts'
import { paymentReplays, payments } from '../stores.ts'
import * as topics from '../topics.ts'
import { alerts } from './alerts.ts'
import { api } from './api.ts'
import { invariants } from './invariants.ts'
import * as metrics from './metrics.ts'
import { panels } from './panels.ts'

const count = (least: number) => z.coerce.number<string>().int().min(least)
const group = 'payment'

export default service({
  name: 'payment',
  product: 'payments',
  summary: 'Authorises payments, and takes requests to capture, void and refund them.',
  port: 8201,
  stores: [payments, paymentReplays],
  publishes: [topics.authorized, topics.captureRequested, topics.refundRequested, topics.voided],
  consumes: [
    consume(topics.captured, group),
    consume(topics.captureFailed, group),
    consume(topics.refunded, group),
    consume(topics.refundFailed, group),
  ],
  calls: [pgMock, settlement, refund],
  identity: paymentDesk,
  api,
  edge: edge({
    base: '/api',
    prefixes: ['/payments', '/circuit-breaker'],
    limit: { perSecond: 2000, burst: 4000 },
    // A gateway that hangs is given up after 3 s, a client may wait for a capture for 5 s: neither is slow.
    timeLimitMs: 7000,
    retries: { attempts: 2, firstBackoffMs: 50, maxBackoffMs: 300 },
    breaker: { slowMs: 6000 },
  }),
  metrics,
  invariants,
  alerts,
  panels,
  settings: {
    gatewayTimeoutMs: {
      schema: count(50).default(3000),
      summary:
        'How long the payment gateway may take; an attempt is alone with a payment for 1.5 times as long, and unknown results are looked after 2 times as long; 3000 by default',
    },
    breakerOpenMs: {
      schema: count(10).default(60_000),
      summary: 'For how long a gateway that fails is left alone; 60000 by default',
    },
    lookEveryMs: {
      schema: count(10).default(500),
      summary: 'How often unknown results are looked for; 500 by default',
    },
    approvedWithinMs: {
      schema: count(1).default(900_000),
      summary: 'An approval that is heard of later is voided; 900000 (15 minutes) by default',
    },
    voidAfterMs: {
      schema: count(1).default(604_800_000),
      summary:
        'An authorisation that nobody captures is voided then; 604800000 (7 days) by default',
    },
    answersKeptDays: {
      schema: count(1).default(90),
      summary: 'Days for which answers are kept to the byte; 90 by default',
    },
    auditKeptDays,
    authorizePerMinute: {
      schema: count(6).default(30_000),
      summary: 'Authorisations of one merchant a minute; 30000 by default',
    },
    capturePerMinute: {
      schema: count(6).default(30_000),
      summary: 'Captures and voids of one merchant a minute; 30000 by default',
    },
    refundPerMinute: {
      schema: count(6).default(15_000),
      summary: 'Refunds of one merchant a minute; 15000 by default',
    },
  },
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 8, on: 'cpu' },
})
