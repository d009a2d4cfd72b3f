import { z } from 'zod'
import { service } from '../../model/service.ts'
import { callsAtOnce } from '../kit/settings.ts'
import { gatewayBooks } from '../stores.ts'
import { api } from './api.ts'
import { modeNames } from './behaviour.ts'
import { invariants } from './invariants.ts'
import * as metrics from './metrics.ts'

export { behavioursIn, type Behaviour, type CallType } from './behaviour.ts'

export default service({
  name: 'pg-mock',
  product: 'payments',
  summary: 'Stands in for a payment gateway: decides by key, and misbehaves when told to.',
  port: 8205,
  stores: [gatewayBooks],
  api,
  // Whoever waits here costs some memory and nothing else: two replicas of each worker, and of the API.
  atOnce: 2 * (2 * callsAtOnce + 64),
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
