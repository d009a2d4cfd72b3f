import type { Goal, LatencyGoal, RateGoal, RatioGoal, Turn } from './benchmark.ts'
import { spreadOf, type Spread } from './statistics.ts'

/** What a run says of a goal. */
export interface Verdict {
  readonly goal: Goal
  /** Of the ratios within each round, or of what the rounds had. */
  readonly found: Spread
  /** By the median; what is no ratio holds only where nothing failed. */
  readonly holds: boolean
}

/** Judges each goal of which both sides were measured. @param load at which ratios are taken */
export function verdicts(
  goals: readonly Goal[],
  turns: readonly Turn[],
  load: string,
): readonly Verdict[] {
  return goals.flatMap((goal) => {
    const values = 'peer' in goal ? ratios(goal, turns, goal.load ?? load) : figures(goal, turns)
    if (values.length === 0) return []
    const found = spreadOf(values)
    const { median } = found
    const within = isAtLeast(goal) ? median >= goal.bound : median <= goal.bound
    // Refusals are fast.
    const holds = within && ('peer' in goal || !hasFailures(goal.ours, turns))
    return [{ goal, found, holds }]
  })
}

/** Whether more is better. */
export const isAtLeast = ({ of }: Goal): boolean => of === 'yield' || of === 'rate'

/** Both sides of a ratio are of the same round: what disturbed one was near the other. */
function ratios({ ours, peer, of }: RatioGoal, turns: readonly Turn[], load: string): number[] {
  const valuesOf = (contender: string): ReadonlyMap<number, number> =>
    new Map(
      turns
        .filter((turn) => turn.contender === contender && turn.load === load)
        .map((turn) => [turn.round, measures[of](turn) ?? NaN]),
    )
  const theirs = valuesOf(peer)
  return [...valuesOf(ours)].flatMap(([round, own]) => {
    const other = theirs.get(round)
    return other === undefined ? [] : [own / other]
  })
}

const figures = ({ ours, of }: LatencyGoal | RateGoal, turns: readonly Turn[]): number[] =>
  turns
    .filter(({ contender }) => contender === ours)
    .map(measures[of])
    .filter((value) => value !== undefined)

const measures: Readonly<Record<Goal['of'], (turn: Turn) => number | undefined>> = {
  cost: ({ cpuUs }) => cpuUs,
  yield: ({ cpuUs = NaN }) => 1 / cpuUs,
  rate: ({ completed, seconds }) => completed / seconds,
  p95: ({ latencyMs }) => latencyMs?.p95,
  p99: ({ latencyMs }) => latencyMs?.p99,
}

const hasFailures = (ours: string, turns: readonly Turn[]): boolean =>
  turns.some(({ contender, failed }) => contender === ours && failed > 0)
