/** How series become numbers. */
export type Measure =
  /** Sum over replicas of a counter's rate, per second; without `by` 0 while nothing that `where` selects is counted. */
  | 'rate'
  /** The part of a counter's rate that `where` selects, 0 to 1; 0 while nothing is counted. Knows no `by`. */
  | 'share'
  /** The rest: 1 less that part, so 1 while nothing is counted. */
  | 'rest'
  /** Sum over replicas of a gauge. */
  | 'sum'
  /** The largest of the replicas' gauges. */
  | 'max'
  /** Quantiles and average of a histogram, in its unit. */
  | 'p50'
  | 'p95'
  | 'p99'
  | 'mean'
  /** Seconds since the latest of the times that a gauge holds (Unix time). */
  | 'age'

/** A number that a service's metric makes, or one for each value of some labels. */
export interface Measurement {
  readonly measure: Measure
  readonly metric: { readonly name: string }
  /** Only series whose label is one of these values; regular expressions are taken. All by default. */
  readonly where?: Readonly<Record<string, readonly string[]>>
  /** The whole of which `share` and `rest` are parts; every series by default. */
  readonly of?: Readonly<Record<string, readonly string[]>>
  /** Labels of which each value has a number of its own; none by default. */
  readonly by?: readonly string[]
  /** Whether another service measures it. */
  readonly isForeign?: boolean
}
