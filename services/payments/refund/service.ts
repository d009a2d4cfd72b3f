import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { refundDesk } from '../clients.ts'
import { workerAlerts } from '../kit/alerts.ts'
import { workerPanels } from '../kit/panels.ts'
import { workerSettings } from '../kit/settings.ts'
import pgMock from '../pg-mock/service.ts'
import { refunds } from '../stores.ts'
import * as topics from '../topics.ts'
import { api } from './api.ts'
import { breaker } from './breaker.ts'
import { metrics } from './metrics.ts'
import { overdue } from './overdue.ts'

const name = 'refund'

export default service({
  name,
  product: 'payments',
  summary: 'Gives back what was captured, and reports what came of it.',
  port: 8203,
  stores: [refunds],
  publishes: [topics.refunded, topics.refundFailed],
  consumes: [consume(topics.refundRequested, 'refund-worker-group')],
  calls: [pgMock],
  identity: refundDesk,
  api,
  edge: edge({
    base: '/api',
    prefixes: [`/stats/${name}`, `/admin/${name}`],
    limit: { perSecond: 20, burst: 40, whenStoreFails: 'local' },
    timeLimitMs: 10_000,
  }),
  metrics,
  alerts: workerAlerts(metrics, { name, breaker, overdueSeconds: overdue.afterSeconds }),
  panels: workerPanels(metrics, 'Refund'),
  settings: workerSettings,
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 8, on: 'cpu' },
})
