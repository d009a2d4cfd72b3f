import { trace } from '@opentelemetry/api'
import type { Context } from '../../kit/context.ts'
import type { Verdict } from './gateway-calls.ts'
import type { Standing } from './looks.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { Request } from './requests.ts'

/** What happens to requests, by name: counter, log line and span. */
export function createEvents({ meter, log }: Context, metrics: WorkerMetrics) {
  const named = ({ id, paymentId, merchantId, attempt }: Request) => ({
    ...{ request: id, paymentId, merchantId, attempt },
  })
  return {
    requested: (count: number): void => meter.add(metrics.requested, undefined, count),
    /** The gateway was asked, and this was heard. */
    heard: (request: Request, { kind, code }: Verdict): void => {
      meter.add(metrics.attempts, { outcome: kind })
      trace.getActiveSpan()?.setAttributes({ 'payment.id': request.paymentId, 'pg.verdict': kind })
      log[kind === 'unknown' ? 'warn' : 'info']({ ...named(request), kind, code }, 'gateway heard')
    },
    /** A request came to its end, and that is committed. */
    ended: (request: Request, status: 'SUCCESS' | 'FAILED', isDead: boolean): void => {
      const { currency, amount } = request
      meter.add(metrics.ended, { status })
      if (status === 'SUCCESS') meter.add(metrics.amount, { currency }, amount)
      log.info({ ...named(request), status, isDead }, 'request ended')
    },
    overtaken: (request: Request): void => {
      meter.add(metrics.overtaken, undefined)
      log.warn(named(request), 'request was taken up by somebody else meanwhile')
    },
    reopened: (ids: readonly string[], by: 'operator' | 'letter'): void => {
      if (ids.length === 0) return
      meter.add(metrics.reopened, { by }, ids.length)
      log.info({ requests: ids, by }, 'given-up requests are taken up again')
    },
    /** As the database has it now. */
    standing: ({ pending, unknown, dead }: Standing): void => {
      meter.set(metrics.pending, undefined, pending.count)
      meter.set(metrics.pendingAge, undefined, pending.seconds)
      meter.set(metrics.unknown, undefined, unknown.count)
      meter.set(metrics.unknownAge, undefined, unknown.seconds)
      meter.set(metrics.dead, undefined, dead.count)
    },
  }
}

export type Events = ReturnType<typeof createEvents>
