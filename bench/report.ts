import type { Goal, Turn } from './benchmark.ts'
import type { Machine } from './machine.ts'
import { spreadOf, type Spread } from './statistics.ts'
import type { Verdict } from './verdict.ts'

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
    'peer' in goal ? `${withRange(found, 2)} ×` : `${withRange(found, 1)} ms`,
    holds ? 'holds' : 'missed',
  ]),
]

/** What a goal is about, e.g. `maru : haproxy, CPU per operation`. */
export const subjectOf = (goal: Goal): string => {
  if (!('peer' in goal)) return `${goal.ours}, p95`
  const measure = goal.of === 'cost' ? 'CPU per operation' : 'operations per second of CPU'
  return `${goal.ours} : ${goal.peer}, ${measure}`
}

export const wantedOf = (goal: Goal): string => {
  if (!('peer' in goal)) return `< ${goal.bound} ms`
  return goal.of === 'cost' ? `≤ ${goal.bound} ×` : `≥ ${goal.bound} ×`
}

const withRange = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
