import type { Measure, Measurement } from './measure.ts'

/** Reason to tell somebody: a number is above a limit. Rates, shares and quantiles look back five minutes. */
export interface Condition extends Measurement {
  readonly measure: Exclude<Measure, 'rest' | 'mean'>
  /** In the unit of the measure. */
  readonly above: number
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
