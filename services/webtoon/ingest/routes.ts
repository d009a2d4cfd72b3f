import type { Handlers } from '../../kit/http.ts'
import { Problem } from '../../kit/problem.ts'
import { judgeTime, type Refusal } from './admission.ts'
import { largestBatch, type api } from './api.ts'
import { problemOf, refusedBatch, takeBatch } from './batch.ts'
import type { Events } from './events.ts'
import type { Offer } from './publishing.ts'

/** Both doors for events. */
export function handlers(deps: {
  offer: Offer
  events: Events
  clock: () => number
}): Handlers<typeof api> {
  const { offer, events, clock } = deps
  const counted = (refusals: readonly Refusal[]): void => {
    for (const { cause } of refusals) events.rejected(cause)
  }
  return {
    one: async ({ body }) => {
      const verdict = judgeTime(body, 'body', clock())
      const refusal = 'refusal' in verdict ? verdict.refusal : (await offer([verdict.event]))[0]
      if (refusal === undefined) return { status: 202 }
      counted([refusal])
      throw problemOf(refusal)
    },

    batch: async ({ body }) => {
      if (body.length > largestBatch)
        throw new Problem(413, 'BATCH_TOO_LARGE', `A batch has ${largestBatch} events at most.`)
      const { receipt, refusals } = await takeBatch(body, clock(), offer)
      counted(refusals)
      if (receipt.accepted > 0) return { status: 202, body: receipt }
      throw refusedBatch(receipt, refusals)
    },
  }
}
