import { v7 as uuid } from 'uuid'
import { isUniqueViolation, type Mariadb } from '../../kit/mariadb.ts'
import { outbox } from '../../kit/outbox.ts'
import { settlementClosed } from '../topics.ts'
import {
  closeBatch,
  closeDay,
  openHoldings,
  openSince,
  type Batch,
  type Holding,
} from './batch-store.ts'
import { businessDateAt, daysOver, endOf, type BusinessDate } from './business-day.ts'
import type { Events } from './events.ts'

/**
 * Closes every day that is over and was not closed. A posting goes into the first batch that is made after it is
 * committed, so one that comes late is in the next; a day that was closed stays as it is.
 */
export async function closeDays(
  { database, events }: { database: Mariadb; events: Events },
  now: Date,
  stopped: AbortSignal,
): Promise<void> {
  const { next, oldest } = await openSince(database)
  const first = next ?? (oldest && businessDateAt(oldest))
  if (first === null) return
  for (const date of daysOver(first, now)) {
    const day = { date, before: endOf(date) }
    for (const holding of await openHoldings(database, day)) {
      stopped.throwIfAborted()
      const batch = await closeHolding(database, holding, day)
      if (batch) events.closed(batch)
    }
    await closeDay(database, date)
  }
}

/** Batch, its postings and its event, all or none. */
async function closeHolding(
  database: Mariadb,
  holding: Holding,
  day: { date: BusinessDate; before: Date },
): Promise<Batch | undefined> {
  try {
    return await database.transaction(async (tx) => {
      const batch = await closeBatch(tx, holding, day)
      if (!batch) return undefined
      const { closedAt, ...rest } = batch
      const value = { eventId: uuid(), ...rest, closedAt: closedAt.toISOString() }
      await outbox.add(tx, settlementClosed, { key: batch.merchantId, value })
      return batch
    })
  } catch (error) {
    // Another replica was faster.
    if (isUniqueViolation(error, 'batch_once')) return undefined
    throw error
  }
}
