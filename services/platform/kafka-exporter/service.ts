import { service } from '../../model/service.ts'
import { alerts } from './alerts.ts'
import * as metrics from './metrics.ts'

export default service({
  name: 'kafka-exporter',
  product: 'platform',
  summary: 'Exports consumer lag and topic offsets of every declared topic.',
  port: 8106,
  observes: 'all',
  metrics,
  alerts,
  slo: { availability: 99.9, latency: { p95Ms: 200 } },
})
