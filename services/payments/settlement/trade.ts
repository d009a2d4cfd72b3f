import { breakerNames } from '../kit/breaker-names.ts'
import { factOf, report } from '../kit/reports.ts'
import type { Trade } from '../kit/requests.ts'
import pgMock from '../pg-mock/service.ts'
import { captured, captureFailed, captureRequested, type CaptureRequestedEvent } from '../topics.ts'

/** Takes what was authorised, each payment once. */
export const settling: Trade<CaptureRequestedEvent> = {
  tables: {
    name: 'settlement',
    requests: 'settlement_request',
    audit: 'settlement_audit',
    amount: 'request_amount',
    transaction: 'pg_transaction_id',
  },
  breaker: breakerNames.capture,
  asked: captureRequested,
  idOf: ({ paymentId }) => paymentId,
  callOf: ({ paymentId, amount, currency }) => ({
    to: pgMock.api.capture,
    body: {
      ...{ key: `${paymentId}:capture`, authorization: `${paymentId}:auth` },
      ...{ amount, currency },
    },
  }),
  reportDone: (tx, request) => report(tx, captured, { ...factOf(request), status: 'CAPTURED' }),
  reportFailed: (tx, request, why) =>
    report(tx, captureFailed, { ...factOf(request), ...why, status: 'CAPTURE_FAILED' }),
  // Whatever happens meanwhile, what is authorised can be captured once.
  objectionTo: () => Promise.resolve(undefined),
}
