import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { settlementDesk } from '../clients.ts'
import { workerAlerts } from '../kit/alerts.ts'
import { workerEdge } from '../kit/api.ts'
import { breakerNames } from '../kit/breaker-names.ts'
import { workerPanels } from '../kit/panels.ts'
import { workerSettings } from '../kit/settings.ts'
import pgMock from '../pg-mock/service.ts'
import { settlements } from '../stores.ts'
import * as topics from '../topics.ts'
import { api } from './api.ts'
import { metrics } from './metrics.ts'
import { overdue } from './overdue.ts'

const name = 'settlement'
const breaker = breakerNames.capture

export default service({
  name,
  product: 'payments',
  summary: 'Captures what was authorised, and reports what came of it.',
  port: 8202,
  stores: [settlements],
  publishes: [topics.captured, topics.captureFailed],
  consumes: [consume(topics.captureRequested, 'settlement-worker-group')],
  calls: [pgMock],
  identity: settlementDesk,
  api,
  edge: workerEdge({ name, breaker }),
  metrics,
  alerts: workerAlerts(metrics, { name, breaker, overdueSeconds: overdue.afterSeconds }),
  panels: workerPanels(metrics, 'Settlement'),
  settings: workerSettings,
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 8, on: 'cpu' },
})
