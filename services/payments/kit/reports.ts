import { v7 as uuid } from 'uuid'
import type { Queryable } from '../../kit/mariadb.ts'
import { outbox } from '../../kit/outbox.ts'
import type { Topic } from '../../model/topic.ts'
import type { Asked, Request } from './requests.ts'

/** What every report says of a request. */
export const factOf = (request: Request) => ({
  eventId: uuid(),
  paymentId: request.paymentId,
  merchantId: request.merchantId,
  version: request.version,
  amount: request.amount,
  currency: request.currency,
  occurredAt: new Date().toISOString(),
})

/** Tells an event of a payment in the transaction of what it tells; its CloudEvents id is its `eventId`. */
export const report = <Event extends Asked>(
  tx: Queryable,
  topic: Topic<Event>,
  value: Event,
): Promise<void> => outbox.add(tx, topic, { key: value.paymentId, value, id: value.eventId })
