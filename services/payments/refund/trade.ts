import { statement } from '../../kit/mariadb.ts'
import { breakerNames } from '../kit/breaker-names.ts'
import { factOf, report } from '../kit/reports.ts'
import type { Trade } from '../kit/requests.ts'
import pgMock from '../pg-mock/service.ts'
import { refunded, refundFailed, refundRequested, type RefundRequestedEvent } from '../topics.ts'

/** Gives back what was captured, each refund once. */
export const refunding: Trade<RefundRequestedEvent> = {
  tables: {
    name: 'refund',
    requests: 'refund_request',
    audit: 'refund_audit',
    amount: 'refund_amount',
    transaction: 'pg_cancel_transaction_id',
  },
  breaker: breakerNames.refund,
  asked: refundRequested,
  idOf: ({ refundId }) => refundId,
  callOf: ({ id, paymentId, amount, currency }) => ({
    to: pgMock.api.refund,
    body: { key: id, capture: `${paymentId}:capture`, amount, currency },
  }),
  reportDone: (tx, request) =>
    report(tx, refunded, { ...factOf(request), refundId: request.id, status: 'REFUNDED' }),
  reportFailed: (tx, request, why) => {
    const status = 'REFUND_FAILED' as const
    return report(tx, refundFailed, { ...factOf(request), ...why, refundId: request.id, status })
  },
  // Its amount was free again when it was given up; whoever asked since means the same money.
  objectionTo: async (tx, { seq, paymentId }) => {
    const later = await tx.query(askedSince, [paymentId, seq, seq])
    if (later.length === 0) return undefined
    return `The payment ${paymentId} was asked for another refund since; ask for a new one instead.`
  },
}

const askedSince = statement(
  'refund_asked_since',
  `select 1 from refund_request where payment_id = ? and seq <> ?
     and requested_at >= (select dead_at from refund_request where seq = ?) limit 1`,
)
