import { trace, TraceFlags } from '@opentelemetry/api'
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  openMetricsContentType,
  Registry,
  type OpenMetricsContentType,
} from 'prom-client'
import type { Metric } from '../model/metric.ts'

type LabelOf<M> = M extends Metric<infer Label> ? Label : never
type Values<M extends Metric> = [LabelOf<M>] extends [never] ? void : Record<LabelOf<M>, string>

/** Writes one declared metric. Labels are checked against the declaration. */
export interface Meter {
  /** Adds to a counter or gauge; `by` defaults to 1. */
  add<M extends Metric>(metric: M, labels: Values<M>, by?: number): void
  /** Sets a gauge. */
  set<M extends Metric>(metric: M, labels: Values<M>, value: number): void
  /** Observes into a histogram, with the active sampled trace as exemplar. */
  observe<M extends Metric>(metric: M, labels: Values<M>, value: number): void
  /** Makes a series of a histogram known at 0 before its first event. */
  zero<M extends Metric>(metric: M, labels: Values<M>): void
  /** Makes every series of a metric known at 0 before its first event. */
  register(metric: Metric): void
  /**
   * Reads a gauge, or a counter that is counted elsewhere, at each scrape only. For hot paths: adding to a labelled
   * series costs about a microsecond, a number that the owner keeps costs nothing.
   */
  sampled<M extends Metric>(metric: M, labels: Values<M>, read: () => number): void
  /** Removes every series of a gauge, before it is set anew from outside. */
  reset(metric: Metric): void
  readonly registry: Registry<OpenMetricsContentType>
}

/**
 * One registry per service instance, OpenMetrics with exemplars. Who exports is said by the scraper's target labels
 * (`service`, `instance`), not by the series.
 * @param declared metrics that exist from the start; every declared label value starts at 0
 * @param processWide collect Node's own metrics too; off in tests with many services in one process
 */
export function createMeter(declared: readonly Metric[], processWide: boolean): Meter {
  const registry: Registry<OpenMetricsContentType> = new Registry()
  registry.setContentType(openMetricsContentType)
  if (processWide) collectDefaultMetrics({ register: registry })
  const made = new Map<string, Counter | Gauge | Histogram>()
  const samples = new Map<string, (() => void)[]>()
  const get = (metric: Metric): Counter | Gauge | Histogram => {
    const collect = (): void => samples.get(metric.name)?.forEach((sample) => sample())
    const known = made.get(metric.name) ?? make(metric, registry, collect)
    made.set(metric.name, known)
    return known
  }
  for (const metric of declared) get(metric)
  return {
    registry,
    register: (metric) => void get(metric),
    reset: (metric) => get(metric).reset(),
    add: (metric, values, by = 1) => (get(metric) as Counter | Gauge).inc(given(values), by),
    sampled: (metric, values, read) => {
      const sample = sampler(get(metric), given(values), read)
      samples.set(metric.name, [...(samples.get(metric.name) ?? []), sample])
    },
    zero: (metric, values) => (get(metric) as Histogram).zero(given(values)),
    set: (metric, values, value) => (get(metric) as Gauge).set(given(values), value),
    observe: (metric, values, value) => {
      const exemplarLabels = exemplar()
      const observed = { labels: given(values), value, ...(exemplarLabels && { exemplarLabels }) }
      ;(get(metric) as Histogram).observe(observed as never)
    },
  }
}

/** Brings a series to what `read` says; a counter moves by the difference to the last reading. */
function sampler(
  metric: Counter | Gauge | Histogram,
  labels: Record<string, string>,
  read: () => number,
): () => void {
  let seen = 0
  const sample = (): void => {
    const value = read()
    if (metric instanceof Gauge) metric.set(labels, value)
    else if (metric instanceof Counter) metric.inc(labels, value - seen)
    seen = value
  }
  sample()
  return sample
}

const given = (values: unknown): Record<string, string> => (values ?? {}) as Record<string, string>

function make(
  metric: Metric,
  registry: Registry<OpenMetricsContentType>,
  collect: () => void,
): Counter | Gauge | Histogram {
  const labelNames = Object.keys(metric.labels)
  const { name, help } = metric
  const common = { name, help, labelNames, registers: [registry], collect }
  if (metric.type === 'histogram') {
    const buckets = [...metric.buckets]
    const made = new Histogram({ ...common, buckets, enableExemplars: true })
    for (const values of combinations(metric)) made.zero(values)
    return made
  }
  // prom-client appends `_total` to counters in OpenMetrics itself when the name lacks it.
  const made = metric.type === 'counter' ? new Counter(common) : new Gauge(common)
  for (const values of combinations(metric)) made.inc(values, 0)
  return made
}

/** All label sets that are known beforehand; none when a label's values come at run time. */
function combinations(metric: Metric): Record<string, string>[] {
  return Object.entries(metric.labels).reduce<Record<string, string>[]>(
    (sets, [label, values]) =>
      sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value }))),
    [{}],
  )
}

function exemplar(): { trace_id: string } | undefined {
  const span = trace.getActiveSpan()?.spanContext()
  return span && span.traceFlags & TraceFlags.SAMPLED ? { trace_id: span.traceId } : undefined
}
