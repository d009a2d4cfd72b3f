/** What k6 tells at the end of a run, as far as it is read here. */
export interface Summary {
  readonly metrics: Readonly<Record<string, SummaryMetric>>
}

interface SummaryMetric {
  readonly type: string
  /** By statistic: `count` and `rate` of a counter, `rate` of a rate, `p(95)` … of a trend. */
  readonly values: Readonly<Record<string, number>>
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>
}

/** A run of a load, as it is kept. */
export interface Report {
  readonly load: string
  /** Words that shaped it, e.g. `--short`. */
  readonly shape: string
  /** RFC 3339, UTC. */
  readonly date: string
  /** No threshold failed and no iteration was dropped. */
  readonly ok: boolean
  /** What was not as wanted, each as a sentence. */
  readonly problems: readonly string[]
  /** By name: rates are per second, shares between 0 and 1, durations milliseconds. */
  readonly figures: Readonly<Record<string, number>>
}

/** What of each kind of metric is kept. */
const kept: Readonly<Record<string, readonly string[]>> = {
  counter: ['count'],
  rate: ['rate'],
  trend: ['avg', 'p(90)', 'p(95)', 'p(99)', 'max'],
}
/** Those that are about the load; the rest is about k6. */
const wanted = /^(payment_|http_req_failed|http_reqs|iterations|dropped_iterations|checks)/

export function reportOf(summary: Summary, run: Pick<Report, 'load' | 'shape' | 'date'>): Report {
  const metrics = Object.entries(summary.metrics)
  const figures = metrics
    .filter(([name]) => wanted.test(name))
    .flatMap(([name, { type, values }]) =>
      (kept[type] ?? []).map((of) => [`${name} ${of}`, values[of] ?? 0] as const),
    )
  const rate = summary.metrics['iterations']?.values['rate'] ?? 0
  const problems = [
    ...metrics.flatMap(([name, { thresholds = {} }]) =>
      Object.entries(thresholds)
        .filter(([, { ok }]) => !ok)
        .map(([threshold]) => `${name} was to be ${threshold}`),
    ),
    ...dropped(summary),
  ]
  return {
    ...run,
    ok: problems.length === 0,
    problems,
    figures: { 'iterations per second': rate, ...Object.fromEntries(figures) },
  }
}

/** k6 drops what it has no virtual user for: then what it measured is not the load that was asked for. */
function dropped({ metrics }: Summary): readonly string[] {
  const count = metrics['dropped_iterations']?.values['count'] ?? 0
  if (count > 0) return [`${count} iterations were dropped: the platform was too slow for the load`]
  return (metrics['iterations']?.values['count'] ?? 0) > 0 ? [] : ['no iteration came to its end']
}

/** Each figure beside that of the last run of the same load and shape. */
export const comparison = (
  { figures }: Report,
  last: Report | undefined,
): readonly (readonly string[])[] => [
  ['', 'now', 'last run', 'ratio'],
  ...Object.entries(figures).map(([name, value]) => {
    const before = last?.figures[name]
    const ratio = before === undefined || before === 0 ? '' : `${(value / before).toFixed(2)} ×`
    return [name, shown(value), before === undefined ? '–' : shown(before), ratio]
  }),
]

const shown = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 1 ? 4 : 1)
