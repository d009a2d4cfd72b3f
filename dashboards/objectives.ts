import type { Service } from '../services/model/service.ts'
import { errorShare, round, slowShare } from './queries.ts'

/** One row of the burn-rate table: how fast a budget burns, over which windows, and how loud that is. */
export interface Burn {
  /** Multiple of the rate that spends the budget in exactly the whole window. */
  readonly factor: number
  readonly long: string
  readonly short: string
  /** How long it must last: a window that has only minutes of data would speak too soon. */
  readonly for: string
  readonly severity: 'critical' | 'warning'
}

/**
 * Google SRE workbook, chapter 5, table 5-8: 2 % of the budget in 1 h, 5 % in 6 h, 10 % in 1 d and in 3 d; `for` as in
 * the kubernetes-mixin.
 */
export const burns: readonly Burn[] = [
  { factor: 14.4, long: '1h', short: '5m', for: '2m', severity: 'critical' },
  { factor: 6, long: '6h', short: '30m', for: '15m', severity: 'critical' },
  { factor: 3, long: '1d', short: '2h', for: '1h', severity: 'warning' },
  { factor: 1, long: '3d', short: '6h', for: '3h', severity: 'warning' },
]

export const objectives = ['Availability', 'Latency'] as const
export type ObjectiveName = (typeof objectives)[number]

/** What a service promises, as a share of requests that may be bad. */
export interface Objective {
  readonly what: string
  /** Share of requests that may be bad, 0 to 1. */
  readonly budget: number
  readonly badShare: (range: string) => string
}

/** 5 % of requests may be slower than the p95 target. */
const slowBudget = 0.05

export const objectiveOf = (service: Service, name: ObjectiveName): Objective =>
  ({
    Availability: {
      what: 'answers 5xx',
      budget: round(1 - service.slo.availability / 100),
      badShare: (range: string) => errorShare(service, range),
    },
    Latency: {
      what: `answers slower than ${service.slo.latency.p95Ms} ms`,
      budget: slowBudget,
      badShare: (range: string) => slowShare(service, range),
    },
  })[name]

/** A share of bad requests cannot exceed 1: some burn rates of a large budget are never reached. */
export const burnsOf = ({ budget }: Objective): readonly Burn[] =>
  burns.filter(({ factor }) => factor * budget < 1)

/** Multiple of the rate that spends the budget in exactly the whole window. */
export const burnRate = ({ badShare, budget }: Objective, range: string): string =>
  `(${badShare(range)}) / ${budget}`

/** Share of a budget that is left: 1 untouched, 0 spent, negative overspent. */
export const budgetLeft = (objective: Objective, range: string): string =>
  `1 - ${burnRate(objective, range)}`
