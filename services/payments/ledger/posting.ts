import { once } from '../../kit/inbox.ts'
import type { Mariadb, Queryable } from '../../kit/mariadb.ts'
import type { CapturedEvent, RefundedEvent } from '../topics.ts'
import type { Events } from './events.ts'
import { postingsOf, type Fact } from './postings.ts'
import { post, postedOf, type Entry } from './store.ts'

/** Who posts, in the inbox. */
const consumer = 'ledger'

/** Posts what workers report: an event has its effect once, and a fact once, whatever number of events tell of it. */
export function postingTo({ database, events }: { database: Mariadb; events: Events }) {
  /** @throws Error where the books say otherwise of the same fact */
  const posted = async (eventId: string, fact: Fact): Promise<void> => {
    const isNew = await database.transaction(async (tx) => {
      if (!(await once(tx, consumer, eventId))) return false
      return postOnce(tx, fact)
    })
    if (isNew) events.posted(fact)
    else events.repeated(fact)
  }
  return {
    captured: (value: CapturedEvent) =>
      posted(value.eventId, factOf(value, { type: 'capture', businessId: value.paymentId })),
    refunded: (value: RefundedEvent) =>
      posted(value.eventId, factOf(value, { type: 'refund', businessId: value.refundId })),
  }
}

const factOf = (
  { paymentId, merchantId, amount, currency, occurredAt }: CapturedEvent | RefundedEvent,
  named: Pick<Fact, 'type' | 'businessId'>,
): Fact => ({ ...named, paymentId, merchantId, amount, currency, occurredAt: new Date(occurredAt) })

/** One partition brings all events of a payment, so nobody else posts the same fact meanwhile; the key holds anyway. */
async function postOnce(tx: Queryable, fact: Fact): Promise<boolean> {
  const known = await postedOf(tx, fact)
  if (known.length === 0) {
    await post(tx, fact)
    return true
  }
  if (saysTheSame(known, fact)) return false
  const { type, businessId, amount, currency } = fact
  throw new Error(
    `The ${type} ${businessId} of ${amount} ${currency} is in the books with other values.`,
  )
}

const saysTheSame = (known: readonly Entry[], fact: Fact): boolean =>
  postingsOf(fact).every((wanted) =>
    known.some(
      ({ side, account, paymentId, merchantId, amount, currency }) =>
        side === wanted.side &&
        account === wanted.account &&
        paymentId === wanted.paymentId &&
        merchantId === wanted.merchantId &&
        amount === wanted.amount &&
        currency === wanted.currency,
    ),
  )
