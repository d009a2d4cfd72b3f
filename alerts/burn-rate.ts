import {
  burnsOf,
  objectiveOf,
  objectives,
  type Burn,
  type ObjectiveName,
} from '../dashboards/objectives.ts'
import { round } from '../dashboards/queries.ts'
import type { Service } from '../services/model/service.ts'
import type { Rule } from './rule.ts'

/** Four availability rules per service, and the latency rules whose factor can be reached. */
export const burnRateRules = (service: Service): readonly Rule[] =>
  objectives.flatMap((name) =>
    burnsOf(objectiveOf(service, name)).map((burn) => burnRule(service, name, burn)),
  )

function burnRule(service: Service, name: ObjectiveName, burn: Burn): Rule {
  const { what, budget, badShare } = objectiveOf(service, name)
  const alert = `${name}BudgetBurn`
  const limit = round(burn.factor * budget)
  const over = (range: string): string => `(${badShare(range)}) > ${limit}`
  return {
    alert,
    expr: `${over(burn.long)} and ${over(burn.short)}`,
    for: burn.for,
    labels: {
      severity: burn.severity,
      service: service.name,
      window: burn.long,
      pair: alert,
    },
    annotations: {
      summary: `${service.name} ${what} too often`,
      description: `At this rate ${service.name} spends its 28 days’ budget ${burn.factor} times over (${burn.long} and ${burn.short}).`,
    },
  }
}
