import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { refundDesk } from '../clients.ts'
import { workerAlerts } from '../kit/alerts.ts'
import { workerEdge } from '../kit/api.ts'
import { breakerNames } from '../kit/breaker-names.ts'
import { workerPanels } from '../kit/panels.ts'
import { workerSettings } from '../kit/settings.ts'
import pgMock from '../pg-mock/service.ts'
import { refunds } from '../stores.ts'
import * as topics from '../topics.ts'
import { api } from './api.ts'
import { metrics } from './metrics.ts'
import { overdue } from './overdue.ts'

const name = 'refund'
const breaker = breakerNames.refund

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
  edge: workerEdge({ name, breaker }),
  metrics,
  alerts: workerAlerts(metrics, { name, breaker, overdueSeconds: overdue.afterSeconds }),
  panels: workerPanels(metrics, 'Refund'),
  settings: workerSettings,
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 8, on: 'cpu' },
})
