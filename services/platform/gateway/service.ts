import { service } from '../../model/service.ts'
import { limits } from '../stores.ts'
import { api } from './api.ts'

export default service({
  name: 'gateway',
  product: 'platform',
  summary: 'The one way in: verifies, limits, breaks, retries and routes by the topology.',
  port: 8080,
  stores: [limits],
  api,
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 10, on: 'cpu' },
})
