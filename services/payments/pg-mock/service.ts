import { z } from 'zod'
import { service } from '../../model/service.ts'
import { callsAtOnce } from '../kit/settings.ts'
import { gatewayBooks } from '../stores.ts'
import { api } from './api.ts'
import { modeNames } from './behaviour.ts'
import { invariants } from './invariants.ts'
import * as metrics from './metrics.ts'

export default service({
  name: 'pg-mock',
  product: 'payments',
  summary: 'Stands in for a payment gateway: decides by key, and misbehaves when told to.',
  port: 8205,
  stores: [gatewayBooks],
  api,
  // What it makes wait costs nothing but memory: two replicas of each worker have a place for all of their calls, and of
  // payment for its two clients of 32.
  atOnce: 2 * (2 * callsAtOnce + 2 * 32),
  metrics,
  invariants,
  settings: {
    mode: {
      schema: z.enum(modeNames).default('normal'),
      summary: 'Delays and failures that it begins with: normal or load; normal by default',
    },
  },
  // It fails and waits on purpose.
  slo: { availability: 94, latency: { p95Ms: 5000 } },
})
