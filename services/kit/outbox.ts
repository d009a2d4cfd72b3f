import type { Topic } from '../model/topic.ts'
import type { Context } from './context.ts'
import type { Publisher } from './kafka.ts'
import type { Postgres, Queryable } from './postgres.ts'

async function add<V>(
  _tx: Queryable,
  _topic: Topic<V>,
  _message: { key: string; value: V },
): Promise<void> {
  throw new Error('being written')
}

/** `outbox.add(tx, topic, { key, value })` writes the event in the caller's transaction. */
export const outbox = { add }

export async function relay(
  _context: Context,
  _database: Postgres,
  _publisher: Publisher,
): Promise<void> {
  throw new Error('being written')
}
