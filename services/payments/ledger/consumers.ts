import type { Context } from '../../kit/context.ts'
import { deadLetters } from '../../kit/dead-letter.ts'
import { purgeInbox } from '../../kit/inbox.ts'
import type { Kafka } from '../../kit/kafka.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import { oneByOne } from '../../kit/one-by-one.ts'
import type { Events } from './events.ts'
import { postingTo } from './posting.ts'
import type service from './service.ts'

/** Posts what workers report. An event that contradicts the books is a dead letter. */
export async function consumeReports(
  context: Context<typeof service>,
  { database, events, broker }: { database: Mariadb; events: Events; broker: Kafka },
): Promise<void> {
  const [captured, refunded] = context.service.consumes
  const posting = postingTo({ database, events })
  const letters = deadLetters(await broker.publisher(), context)
  purgeInbox(context, database)
  await Promise.all([
    broker.consume(
      captured,
      oneByOne(letters, ({ value }) => posting.captured(value)),
    ),
    broker.consume(
      refunded,
      oneByOne(letters, ({ value }) => posting.refunded(value)),
    ),
  ])
}
