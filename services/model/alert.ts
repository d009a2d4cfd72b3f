/** How series become one number. Rates, shares and quantiles look back five minutes. */
export type Measure =
  /** Sum over replicas of a counter's rate, per second. */
  | 'rate'
  /** The part of a counter's rate that `where` selects, 0 to 1; 0 while nothing is counted. */
  | 'share'
  /** Sum over replicas of a gauge. */
  | 'sum'
  /** The largest of the replicas' gauges. */
  | 'max'
  /** p95 of a histogram, in its unit. */
  | 'p95'
  /** Seconds since the latest of the times that a gauge holds (Unix time). */
  | 'age'

/** Reason to tell somebody: a number is above a limit. */
export interface Condition {
  readonly measure: Measure
  readonly metric: { readonly name: string }
  /** In the unit of the measure. */
  readonly above: number
  /** Only series whose label is one of these values; regular expressions are taken. All by default. */
  readonly where?: Readonly<Record<string, readonly string[]>>
  /** Labels of which each value has an alert of its own; none by default. `max` only. */
  readonly by?: readonly string[]
  /** Whether another service measures it. */
  readonly isForeign?: boolean
}

/** What people are told about a service; its rule, the test of the rule and its place in the runbook follow. */
export interface Alert {
  /** CamelCase; a heading of the runbook. */
  readonly name: string
  readonly severity: 'critical' | 'warning' | 'info'
  /** PromQL duration for which the condition must hold. */
  readonly for: string
  readonly summary: string
  readonly description: string
  readonly when: Condition
  /** What tells two alerts of one name apart; the service and what `by` names are labels anyway. */
  readonly labels?: Readonly<Record<string, string>>
  /** A critical alert mutes the warnings of its service that have the same pair. */
  readonly pair?: string
}
