import type { Topology } from '../../services/model/topology.ts'
import type { Check, Platform, Verdict } from './check.ts'
import { cleanLogs } from './clean-logs.ts'
import { deadLetterBooks } from './dead-letter-books.ts'
import { edges } from './edges.ts'
import { checkOf } from './invariants.ts'
import { boards, rules } from './measured.ts'
import { rankingBooks, rankings } from './rankings.ts'
import { titles } from './title-index.ts'

/** What must hold of a running platform. The first sends what the others look at. */
export const checksOf = ({ services }: Topology): readonly Check[] => [
  edges,
  rankingBooks,
  rankings,
  titles,
  deadLetterBooks,
  ...services.flatMap(({ invariants }) => invariants.map((one) => checkOf(one))),
  boards,
  rules,
  cleanLogs,
]

/** A check with its verdict. */
export interface Result extends Verdict {
  readonly check: string
  readonly says: string
  readonly holds: boolean
  readonly seconds: number
}

/** Runs the checks one after the other. @param told is given each result as it comes */
export async function verify(
  platform: Platform,
  told: (result: Result) => void,
  wanted: readonly Check[],
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const check of wanted) {
    const began = performance.now()
    const verdict = await judged(check, platform)
    const holds = verdict.broken.length === 0 && verdict.seen > 0
    const seconds = (performance.now() - began) / 1000
    const result = { check: check.name, says: check.says, holds, seconds, ...verdict }
    results.push(result)
    told(result)
  }
  return results
}

/** A check that cannot look has found nothing to hold. */
const judged = (check: Check, platform: Platform): Promise<Verdict> =>
  check
    .run(platform)
    .catch((error: Error) => ({ seen: 0, unit: 'things', broken: [error.message] }))
