import type { Context } from '../../kit/context.ts'
import { startWorker } from '../kit/start.ts'
import { refunds } from '../stores.ts'
import { api } from './api.ts'
import { metrics } from './metrics.ts'
import { overdue } from './overdue.ts'
import type service from './service.ts'
import { refunding } from './trade.ts'

/** Gives back what was captured, and reports what came of it. */
export function start(context: Context<typeof service>): Promise<{ url: string }> {
  const [consumption] = context.service.consumes
  return startWorker(context, {
    ...{ trade: refunding, store: refunds },
    ...{ consumption, api, metrics, overdue },
  })
}
