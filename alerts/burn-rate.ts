import { errorShare, round, slowShare } from '../dashboards/queries.ts'
import type { Service } from '../services/model/service.ts'
import type { Rule } from './rule.ts'

/** One row of the burn-rate table: how fast the budget burns, over which windows, and how loud that is. */
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

/** 5 % of requests may be slower than the p95 target. */
const slowBudget = 0.05

interface Objective {
  readonly alert: string
  readonly what: string
  readonly budget: number
  readonly badShare: (service: Service, range: string) => string
}

/** Four availability rules per service, and the latency rules whose factor can be reached: a share cannot exceed 1. */
export function burnRateRules(service: Service): readonly Rule[] {
  return objectivesOf(service).flatMap((objective) =>
    burns
      .filter((burn) => burn.factor * objective.budget < 1)
      .map((burn) => burnRule(service, objective, burn)),
  )
}

const objectivesOf = (service: Service): readonly Objective[] => [
  {
    alert: 'AvailabilityBudgetBurn',
    what: 'answers 5xx',
    budget: round(1 - service.slo.availability / 100),
    badShare: errorShare,
  },
  {
    alert: 'LatencyBudgetBurn',
    what: `answers slower than ${service.slo.latency.p95Ms} ms`,
    budget: slowBudget,
    badShare: slowShare,
  },
]

function burnRule(service: Service, objective: Objective, burn: Burn): Rule {
  const limit = round(burn.factor * objective.budget)
  const over = (range: string): string => `(${objective.badShare(service, range)}) > ${limit}`
  return {
    alert: objective.alert,
    expr: `${over(burn.long)} and ${over(burn.short)}`,
    for: burn.for,
    labels: {
      severity: burn.severity,
      service: service.name,
      window: burn.long,
      pair: objective.alert,
    },
    annotations: {
      summary: `${service.name} ${objective.what} too often`,
      description: `At this rate ${service.name} spends its 28 days’ budget ${burn.factor} times over (${burn.long} and ${burn.short}).`,
    },
  }
}
