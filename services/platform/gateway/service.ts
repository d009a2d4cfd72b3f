import { z } from 'zod'
import { service } from '../../model/service.ts'
import { limits } from '../stores.ts'
import { alerts } from './alerts.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'
import { panels } from './panels.ts'

export default service({
  name: 'gateway',
  product: 'platform',
  summary: 'The one way in: verifies, limits, breaks, retries and routes by the topology.',
  port: 8080,
  stores: [limits],
  fronts: 'all',
  api,
  metrics,
  alerts,
  panels,
  settings: {
    corsAllowedOrigins: {
      schema: z
        .string()
        .default('')
        .transform((text) => text.split(',').map((origin) => origin.trim()))
        .transform((origins) => origins.filter(Boolean)),
      summary: 'Origins that browsers may call from, comma separated, or *; none by default',
    },
    trustedHops: {
      schema: z.coerce.number().int().min(0).max(10).default(0),
      summary: 'Proxies in front whose X-Forwarded-For is believed; 0 by default',
    },
  },
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 10, on: 'cpu' },
})
