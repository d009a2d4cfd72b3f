import { trace } from '@opentelemetry/api'
import type { Context } from '../../kit/context.ts'
import type { Verdict } from './gateway-calls.ts'
import * as metrics from './metrics.ts'
import type { Payment } from './payments.ts'
import type { RefundStatus, Status } from './states.ts'

/** What happens to payments, by name: counter, log line and span. Keys of merchants are never part of it. */
export function createEvents({ meter, log }: Context) {
  return {
    /** The gateway was asked to authorise, and this was heard. */
    heard: (kind: Verdict['kind']): void => {
      const outcome = kind === 'approved' || kind === 'unknown' ? kind : 'declined'
      meter.add(metrics.authorizations, { outcome })
    },
    /** A payment came into states, and that is committed. */
    moved: (payment: Payment, to: readonly Status[]): void => {
      const { paymentId, merchantId, status, version, currency, amount, failureCode } = payment
      for (const one of to) if (one !== 'READY') meter.add(metrics.transitions, { status: one })
      if (to.includes('AUTHORIZED')) meter.add(metrics.authorizedAmount, { currency }, amount)
      trace.getActiveSpan()?.setAttributes({ 'payment.id': paymentId, 'payment.status': status })
      log.info({ paymentId, merchantId, status, version, failureCode }, 'payment moved')
    },
    replayed: (from: 'redis' | 'database' | 'payment'): void =>
      meter.add(metrics.replays, { from }),
    conflicted: (reason: 'in_progress' | 'other_body'): void =>
      meter.add(metrics.conflicts, { reason }),
    limited: (action: 'authorize' | 'capture' | 'refund', merchantId: string): void => {
      meter.add(metrics.limited, { action })
      log.info({ action, merchantId }, 'merchant is above its limit')
    },
    /** Somebody looked after a payment of unknown result. */
    resolved: (
      { paymentId, attempt }: Payment,
      outcome: 'approved' | 'declined' | 'voided' | 'unknown' | 'overtaken',
    ): void => {
      meter.add(metrics.resolved, { outcome })
      log.info({ paymentId, attempt, outcome }, 'unknown payment looked after')
    },
    refundMoved: (refund: { refundId: string; paymentId: string }, status: RefundStatus): void => {
      meter.add(metrics.refunds, { status })
      log.info({ ...refund, status }, 'refund moved')
    },
  }
}

export type Events = ReturnType<typeof createEvents>
