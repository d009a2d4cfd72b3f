import type { Context } from '../../kit/context.ts'
import { startWorker } from '../kit/start.ts'
import { settlements } from '../stores.ts'
import { api } from './api.ts'
import { metrics } from './metrics.ts'
import { overdue } from './overdue.ts'
import type service from './service.ts'
import { settling } from './trade.ts'

/** Captures what was authorised, and reports what came of it. */
export function start(context: Context<typeof service>): Promise<{ url: string }> {
  const [consumption] = context.service.consumes
  return startWorker(context, {
    ...{ trade: settling, store: settlements },
    ...{ consumption, api, metrics, overdue },
  })
}
