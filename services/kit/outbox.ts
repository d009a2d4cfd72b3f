import { v7 as uuid } from 'uuid'
import type { Topic } from '../model/topic.ts'
import { dialects } from './outbox/dialect.ts'
import { traceparentOf } from './spans.ts'
import type { Queryable } from './sql.ts'

export { relay } from './relay.ts'

/**
 * `outbox.add(tx, topic, { key, value, id })`: the event is a row of the caller's transaction, so it is published if and
 * only if the transaction commits. The row carries the trace. Add it after the aggregate's row is locked or written:
 * the order of the rows is the order of the aggregate's events. `id` is its CloudEvents id, a UUID; a new one by default.
 * @throws TypeError when the value is not serialisable
 */
export const outbox = { add }

async function add<V>(
  tx: Queryable,
  topic: Topic<V>,
  message: { key: string; value: V; id?: string },
): Promise<void> {
  const payload = JSON.stringify(message.value) as string | undefined
  if (payload === undefined) throw new TypeError(`An event for ${topic.name} is not serialisable.`)
  const values = [message.id ?? uuid(), topic.name, message.key, payload, traceparentOf() ?? null]
  await tx.change(dialects[tx.engine].add, values)
}
