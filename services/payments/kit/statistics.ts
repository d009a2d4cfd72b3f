import { failuresOf, lateCount, standingOf, totalsOf, type Total } from './looks.ts'
import type { RequestStatus } from './requests.ts'
import type { Worker } from './worker.ts'

/** From when on an unfinished request is overdue, and what such ones are called. */
export interface Overdue {
  readonly name: string
  readonly afterSeconds: number
}

/** What people look at first: counts, money, and whether anything waits for them. */
export async function statisticsOf({ database, statements }: Worker, overdue: Overdue) {
  const totals = await totalsOf(database, statements)
  const { unknown, dead } = await standingOf(database, statements)
  const late = await lateCount(database, statements, overdue.afterSeconds)
  const [successCount, failedCount] = [countOf(totals, 'SUCCESS'), countOf(totals, 'FAILED')]
  const pendingCount = countOf(totals, 'PENDING')
  const ended = successCount + failedCount
  return {
    totalCount: ended + pendingCount,
    ...{ successCount, failedCount, pendingCount },
    totalAmount: amountsOf(totals),
    deadLetterCount: dead.count,
    unknownCount: unknown.count,
    [overdue.name]: late,
    failureDetails: await failuresOf(database, statements),
    successRate: percent(successCount, ended),
    failureRate: percent(failedCount, ended),
    healthStatus: dead.count + late > 0 ? 'WARNING' : 'HEALTHY',
  }
}

const countOf = (totals: readonly Total[], wanted: RequestStatus): number =>
  totals.filter(({ status }) => status === wanted).reduce((sum, { count }) => sum + count, 0)

const amountsOf = (totals: readonly Total[]): Record<string, string> =>
  Object.fromEntries(
    totals
      .filter(({ status }) => status === 'SUCCESS')
      .map(({ currency, amount }) => [currency, amount]),
  )

const percent = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100
