import { setTimeout as delay } from 'node:timers/promises'
import type { DeadLetters } from '../../kit/dead-letter.ts'
import type { BatchConsumer, Received } from '../../kit/kafka.ts'
import type { CatalogChange } from '../topics.ts'
import { documentOf } from './documents.ts'
import type { Events } from './events.ts'
import type { Outcome } from './outcomes.ts'
import { ensureIndex, writableIndexes } from './indexes.ts'
import { writeDocuments, type TitleIndex } from './store.ts'

/** Waits before the second, third and fourth attempt at a change that the index was too busy for. */
export const retryAfterMs: readonly number[] = [1000, 2000, 4000]

export interface Indexer {
  readonly index: TitleIndex
  readonly letters: DeadLetters
  readonly events: Events
  readonly clock: () => number
  /** Aborts when the service stops: waiting ends and the batch stays uncommitted. */
  readonly signal: AbortSignal
}

/**
 * Brings title changes into the index, one bulk request per batch. Single refusals end in the dead letters; when
 * the index does not answer at all this throws, and the batch comes again.
 */
export const indexChanges = (deps: Indexer): BatchConsumer<CatalogChange> => ({
  batch: async ({ records }) => {
    const indexes = await indexesToWrite(deps.index)
    let waiting = records.map((record): Attempt => ({ record, firstFailedAt: undefined }))
    for (const [at, pauseMs] of [0, ...retryAfterMs].entries()) {
      if (waiting.length === 0) return
      await delay(pauseMs, undefined, { signal: deps.signal })
      const last = at === retryAfterMs.length
      waiting = await attempt(deps, indexes, { waiting, number: at + 1, last })
    }
  },
})

interface Attempt {
  readonly record: Received<CatalogChange>
  readonly firstFailedAt: number | undefined
}

interface Round {
  readonly waiting: readonly Attempt[]
  readonly number: number
  readonly last: boolean
}

/** Tries all that wait; returns what is worth another try. */
async function attempt(
  deps: Indexer,
  indexes: readonly string[],
  round: Round,
): Promise<Attempt[]> {
  const documents = round.waiting.map(({ record }) => documentOf(record.value))
  const write = (): Promise<readonly Outcome[]> => writeDocuments(deps.index, indexes, documents)
  const outcomes = await deps.events.written(write)
  const again: Attempt[] = []
  for (const [at, one] of round.waiting.entries()) {
    const outcome = outcomes[at]
    if (outcome === undefined || !('error' in outcome)) continue
    const failed = { ...one, firstFailedAt: one.firstFailedAt ?? deps.clock() }
    if (outcome.kind === 'busy' && !round.last) again.push(failed)
    else await giveUp(deps, failed, { cause: outcome.error, attempts: round.number })
  }
  return again
}

async function giveUp(
  { letters, events }: Indexer,
  { record, firstFailedAt = record.timestamp }: Attempt,
  failure: { cause: Error; attempts: number },
): Promise<void> {
  await letters.send(record, { ...failure, firstFailedAt })
  events.gaveUp(record, failure.cause)
}

/** An index that nobody made yet (a wiped or late OpenSearch) is made now. */
async function indexesToWrite(index: TitleIndex): Promise<readonly string[]> {
  const found = await writableIndexes(index)
  if (found.length > 0) return found
  await ensureIndex(index)
  return writableIndexes(index)
}
