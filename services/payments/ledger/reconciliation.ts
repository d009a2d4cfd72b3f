import { judged, type Moment } from './comparison.ts'
import { booked, charged, paid, type Places } from './evidence.ts'
import type { Events } from './events.ts'
import { joined } from './joined.ts'
import type { EntryType } from './postings.ts'
import { keepRun, nowOf, type Cause, type Run } from './reconciliation-store.ts'
import { tally } from './tally.ts'
import { eventFindings } from './told-events.ts'

/** Compares the books with what others say. */
export interface Reconciliation {
  /** Compares all there is. Who asks while a run is under way here shares it. @throws Problem 503 while a place is away */
  run(cause: Cause): Promise<Run>
}

export function reconciliationOf(
  places: Places,
  { inFlightMs, events }: { inFlightMs: number; events: Events },
): Reconciliation {
  const once = async (cause: Cause): Promise<Run> => {
    const startedAt = await nowOf(places.books)
    const moment = { now: startedAt, inFlightMs }
    const sums = tally(startedAt)
    for (const type of ['capture', 'refund'] as const) await compare(places, type, moment, sums)
    for (const outbox of places.outboxes)
      for await (const found of eventFindings(outbox, places.payments, moment)) sums.finding(found)
    const run = await keepRun(
      places.books,
      { cause, startedAt, summary: sums.summary() },
      sums.findings(),
    )
    events.reconciled(run)
    return run
  }
  let running: Promise<Run> | undefined
  return {
    run: (cause) => (running ??= once(cause).finally(() => (running = undefined))),
  }
}

async function compare(
  places: Places,
  type: EntryType,
  moment: Moment,
  sums: ReturnType<typeof tally>,
): Promise<void> {
  const streams = {
    books: booked(places, type),
    payments: paid(places, type),
    gateway: charged(places, type),
  }
  for await (const fact of joined(streams)) {
    sums.fact(type, fact)
    const found = judged(type, fact, moment)
    if (found) sums.finding(found)
  }
}
