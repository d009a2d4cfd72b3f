import type { Goal, RatioGoal, Turn } from './benchmark.ts'
import { spreadOf, type Spread } from './statistics.ts'

/** What a run says of a goal. */
export interface Verdict {
  readonly goal: Goal
  /** Of the ratios within each round, or of the rounds' latencies. */
  readonly found: Spread
  /** By the median; a latency holds only where everything was answered. */
  readonly holds: boolean
}

/** Judges each goal of which both sides were measured. @param load at which ratios are taken */
export function verdicts(
  goals: readonly Goal[],
  turns: readonly Turn[],
  load: string,
): readonly Verdict[] {
  return goals.flatMap((goal) => {
    const values = 'peer' in goal ? ratios(goal, turns, load) : latencies(goal.ours, turns)
    if (values.length === 0) return []
    const found = spreadOf(values)
    const { median } = found
    const within = goal.of === 'yield' ? median >= goal.bound : median <= goal.bound
    // Refusals are fast.
    const holds = within && ('peer' in goal || !hasFailures(goal.ours, turns))
    return [{ goal, found, holds }]
  })
}

/** Both sides of a ratio are of the same round: what disturbed one was near the other. */
function ratios({ ours, peer, of }: RatioGoal, turns: readonly Turn[], load: string): number[] {
  const costs = (contender: string): ReadonlyMap<number, number> =>
    new Map(
      turns
        .filter((turn) => turn.contender === contender && turn.load === load)
        .map(({ round, cpuUs = NaN }) => [round, cpuUs]),
    )
  const theirs = costs(peer)
  return [...costs(ours)].flatMap(([round, cost]) => {
    const other = theirs.get(round)
    if (other === undefined) return []
    return [of === 'cost' ? cost / other : other / cost]
  })
}

const latencies = (ours: string, turns: readonly Turn[]): number[] =>
  turns.flatMap(({ contender, latencyMs }) =>
    contender === ours && latencyMs ? [latencyMs.p95] : [],
  )

const hasFailures = (ours: string, turns: readonly Turn[]): boolean =>
  turns.some(({ contender, failed }) => contender === ours && failed > 0)
