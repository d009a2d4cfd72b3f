import type { Goal, Turn } from './benchmark.ts'
import type { Machine } from './machine.ts'
import { spreadOf, type Spread } from './statistics.ts'
import { isAtLeast, type Verdict } from './verdict.ts'

/** One run of a benchmark, as it is kept in `bench/results/`. */
export interface Result {
  readonly name: string
  readonly command: string
  /** RFC 3339, UTC. */
  readonly date: string
  /** What was measured; `+` behind it: with changes that are not committed. */
  readonly commit: string
  readonly host: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly verdicts: readonly Verdict[]
  readonly turns: readonly Turn[]
}

type Rows = readonly (readonly string[])[]

/** Each contender under each load: medians, and of the costs between which they lie. */
export function figureRows(turns: readonly Turn[]): Rows {
  const groups = Map.groupBy(turns, ({ contender, load }) => `${contender}\n${load}`)
  const head = [
    '',
    'load',
    'done/s',
    'CPU µs',
    'of stores',
    'MiB',
    'p50 ms',
    'p95',
    'p99',
    'failed',
  ]
  return [head, ...[...groups.values()].map(figureRow)]
}

function figureRow(turns: readonly Turn[]): readonly string[] {
  const [first] = turns
  const median = (value: (turn: Turn) => number | undefined, digits: number): string => {
    const found = spreadIn(turns, value)
    return found ? found.median.toFixed(digits) : '–'
  }
  const cost = spreadIn(turns, ({ cpuUs }) => cpuUs)
  return [
    first?.contender ?? '',
    first?.load ?? '',
    median(({ completed, seconds }) => completed / seconds, 0),
    cost ? withRange(cost, 1) : '–',
    median(({ storesCpuUs }) => storesCpuUs, 1),
    median(({ rssMiB }) => rssMiB, 0),
    median(({ latencyMs }) => latencyMs?.p50, 2),
    median(({ latencyMs }) => latencyMs?.p95, 1),
    median(({ latencyMs }) => latencyMs?.p99, 1),
    String(turns.reduce((sum, { failed }) => sum + failed, 0)),
  ]
}

function spreadIn(
  turns: readonly Turn[],
  value: (turn: Turn) => number | undefined,
): Spread | undefined {
  const values = turns.map(value).filter((one) => one !== undefined)
  return values.length > 0 ? spreadOf(values) : undefined
}

/** Each goal with what was found. */
export const verdictRows = (all: readonly Verdict[]): Rows => [
  ['', 'wanted', 'measured', ''],
  ...all.map(({ goal, found, holds }) => [
    subjectOf(goal),
    wantedOf(goal),
    `${withRange(found, 'peer' in goal ? 2 : 1)}${unitOf(goal)}`,
    holds ? 'holds' : 'missed',
  ]),
]

const measureNames: Readonly<Record<Goal['of'], string>> = {
  cost: 'CPU per operation',
  yield: 'operations per second of CPU',
  rate: 'operations per second',
  p95: 'p95',
  p99: 'p99',
}

/** What a goal is about, e.g. `maru : haproxy, CPU per operation`. */
export function subjectOf(goal: Goal): string {
  const who = 'peer' in goal ? `${goal.ours} : ${goal.peer}` : goal.ours
  const beside = 'beside' in goal ? ` (${goal.beside})` : ''
  return `${who}, ${measureNames[goal.of]}${beside}`
}

export function wantedOf(goal: Goal): string {
  const sign = isAtLeast(goal) ? '≥' : 'peer' in goal ? '≤' : '<'
  return `${sign} ${goal.bound}${unitOf(goal)}`
}

const unitOf = (goal: Goal): string => {
  if ('peer' in goal) return ' ×'
  return goal.of === 'rate' ? '/s' : ' ms'
}

const withRange = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
