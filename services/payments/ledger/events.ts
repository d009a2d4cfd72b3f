import { trace } from '@opentelemetry/api'
import type { Context } from '../../kit/context.ts'
import type { Batch } from './batch-store.ts'
import type { TakenFile } from './file-store.ts'
import * as metrics from './metrics.ts'
import type { Fact } from './postings.ts'
import type { Run } from './reconciliation-store.ts'

/** What happens in the books, by name: counter, log line and span. */
export function createEvents({ meter, log }: Context) {
  return {
    /** Both postings of a fact are committed. */
    posted: ({ type, businessId, paymentId, merchantId, amount, currency }: Fact): void => {
      meter.add(metrics.posted, { type })
      meter.add(metrics.postedAmount, { type, currency }, amount)
      trace.getActiveSpan()?.setAttributes({ 'payment.id': paymentId, 'ledger.type': type })
      log.info({ type, businessId, paymentId, merchantId, amount, currency }, 'fact posted')
    },
    /** An event told of what the books know. */
    repeated: ({ type, businessId }: Fact): void => {
      meter.add(metrics.repeated, { type })
      log.debug({ type, businessId }, 'fact was posted before')
    },
    /** A batch is made. */
    closed: ({ batchId, businessDate, merchantId, currency, net, postings }: Batch): void => {
      meter.add(metrics.batches, undefined)
      log.info({ batchId, businessDate, merchantId, currency, net, postings }, 'batch closed')
    },
    /** A file of the gateway was compared with the books. */
    compared: ({ fileId, subject, counts }: TakenFile): void => {
      for (const [result, count] of Object.entries(counts))
        meter.add(metrics.fileRows, { result }, count)
      log.info({ fileId, subject, counts }, 'file compared')
    },
    /** The books were compared with the rest. */
    reconciled: ({ runId, cause, summary }: Run): void => {
      const { differences, inFlight, facts, byKind } = summary
      const found = Object.entries(byKind).filter(([, count]) => count > 0)
      const told = { runId, cause, facts, differences, inFlight, byKind: Object.fromEntries(found) }
      if (differences === 0) log.info(told, 'the books agree')
      else log.error(told, 'the books do not agree')
    },
  }
}

export type Events = ReturnType<typeof createEvents>
