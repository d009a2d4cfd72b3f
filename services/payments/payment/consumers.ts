import type { Context } from '../../kit/context.ts'
import { deadLetters, type DeadLetters } from '../../kit/dead-letter.ts'
import { purgeInbox } from '../../kit/inbox.ts'
import type { Kafka } from '../../kit/kafka.ts'
import { oneByOne } from '../../kit/one-by-one.ts'
import { reports, type Ears } from './reports.ts'
import type service from './service.ts'

/** Takes in what workers report. */
export async function consumeReports(
  context: Context<typeof service>,
  { broker, ...ears }: Ears & { broker: Kafka },
): Promise<void> {
  const taking = reports(ears)
  const [captured, captureFailed, refunded, refundFailed] = context.service.consumes
  const letters = deadLetters(await broker.publisher(), context)
  purgeInbox(context, ears.database)
  await Promise.all([
    broker.consume(captured, each(taking.captured, letters)),
    broker.consume(captureFailed, each(taking.captureFailed, letters)),
    broker.consume(refunded, each(taking.refunded, letters)),
    broker.consume(refundFailed, each(taking.refundFailed, letters)),
  ])
}

/** A report that contradicts the books is a dead letter; while the books cannot be opened, all wait. */
const each = <Value extends { readonly eventId: string }>(
  take: (eventId: string, value: Value) => Promise<void>,
  letters: DeadLetters,
) => oneByOne<Value>(letters, ({ value }) => take(value.eventId, value))
