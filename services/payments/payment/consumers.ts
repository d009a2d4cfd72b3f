import type { Context } from '../../kit/context.ts'
import { purgeInbox } from '../../kit/inbox.ts'
import type { BatchConsumer, Kafka, Received } from '../../kit/kafka.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import type { Events } from './events.ts'
import { reports } from './reports.ts'
import type service from './service.ts'

/** Takes in what workers report. */
export async function consumeReports(
  context: Context<typeof service>,
  { database, events, broker }: { database: Mariadb; events: Events; broker: Kafka },
): Promise<void> {
  const taking = reports({ database, events })
  const [captured, captureFailed, refunded, refundFailed] = context.service.consumes
  purgeInbox(context, database)
  await Promise.all([
    broker.consume(captured, each(taking.captured)),
    broker.consume(captureFailed, each(taking.captureFailed)),
    broker.consume(refunded, each(taking.refunded)),
    broker.consume(refundFailed, each(taking.refundFailed)),
  ])
}

const each = <Value extends { readonly eventId: string }>(
  take: (eventId: string, value: Value) => Promise<void>,
): BatchConsumer<Value> => ({
  batch: async ({ records }) => {
    for (const { value } of records as readonly Received<Value>[]) await take(value.eventId, value)
  },
})
