import { counter, gauge } from '../../model/metric.ts'
import { refundStatuses, statuses } from './states.ts'

export const authorizations = counter<'outcome'>('payment_authorizations_total', {
  help: 'Attempts to authorise by what the gateway was heard to say',
  labels: { outcome: ['approved', 'declined', 'unknown'] },
})

export const authorizedAmount = counter<'currency'>('payment_authorized_minor_total', {
  help: 'Amounts that were authorised, in minor units',
  labels: { currency: [] },
})

export const transitions = counter<'status'>('payment_transitions_total', {
  help: 'Payments that came into a state',
  // Nothing comes into READY: it is made there.
  labels: { status: statuses.filter((status) => status !== 'READY') },
})

export const refunds = counter<'status'>('payment_refunds_total', {
  help: 'Refunds that came into a state',
  labels: { status: refundStatuses },
})

export const replays = counter<'from'>('payment_replays_total', {
  help: 'Answers that were given again, by where they were kept',
  labels: { from: ['redis', 'database', 'payment'] },
})

export const conflicts = counter<'reason'>('payment_idempotency_conflicts_total', {
  help: 'Requests that were refused because of their key',
  labels: { reason: ['in_progress', 'other_body'] },
})

export const limited = counter<'action'>('payment_rate_limited_total', {
  help: 'Requests above the limit of their merchant',
  labels: { action: ['authorize', 'capture', 'refund'] },
})

export const resolved = counter<'outcome'>('payment_resolved_total', {
  help: 'Looks after payments whose result was unknown, by what came of them',
  labels: { outcome: ['approved', 'declined', 'voided', 'unknown', 'overtaken'] },
})

export const pendingCount = gauge('payment_pending', {
  help: 'Payments for which the gateway was asked and has not been heard to answer',
})

export const pendingAge = gauge('payment_pending_oldest_seconds', {
  help: 'For how long the oldest of them has waited',
})
