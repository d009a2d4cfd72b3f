import type { DeadLetters } from './dead-letter.ts'
import type { BatchConsumer, Received } from './kafka.ts'
import { Problem } from './problem.ts'

/**
 * Takes records one after the other. A record that `take` rejects is a dead letter; while a store is away (Problem 503),
 * all wait and come again.
 */
export const oneByOne = <Value>(
  letters: DeadLetters,
  take: (record: Received<Value>) => Promise<void>,
): BatchConsumer<Value> => ({
  batch: async ({ records }) => {
    for (const record of records)
      await take(record).catch((cause: unknown) => {
        if (cause instanceof Problem && cause.status === 503) throw cause
        return letters.send(record, { cause, attempts: 1, firstFailedAt: record.timestamp })
      })
  },
})
