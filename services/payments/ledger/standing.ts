import type { Context } from '../../kit/context.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import { kinds } from './kinds.ts'
import * as metrics from './metrics.ts'
import { latestRun, type Run } from './reconciliation-store.ts'
import type service from './service.ts'

/** Shows what the latest run found, whichever replica made it: all of them say the same. */
export async function showLatest(
  { meter }: Context<typeof service>,
  books: Mariadb,
): Promise<Run | undefined> {
  const run = await latestRun(books)
  if (!run) return undefined
  const { summary, endedAt } = run
  for (const kind of kinds) meter.set(metrics.differences, { kind }, summary.byKind[kind])
  meter.set(metrics.inFlight, undefined, summary.inFlight)
  meter.set(metrics.oldestInFlight, undefined, summary.oldestInFlightSeconds)
  meter.set(metrics.reconciledAt, undefined, endedAt.getTime() / 1000)
  meter.reset(metrics.difference)
  for (const { currency, difference } of summary.totals)
    meter.set(metrics.difference, { currency }, difference)
  return run
}
