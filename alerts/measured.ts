import { quantile, rate, share } from '../dashboards/queries.ts'
import type { Alert, Condition } from '../services/model/alert.ts'
import type { Service } from '../services/model/service.ts'
import type { Rule } from './rule.ts'

/** The rule of an alert that compares a number. */
export const measuredRule = (service: Service, alert: Alert): Rule => ({
  alert: alert.name,
  expr: `${expression(service, alert.when)} > ${alert.when.above}`,
  for: alert.for,
  labels: {
    severity: alert.severity,
    service: service.name,
    ...alert.labels,
    ...(alert.pair !== undefined && { pair: alert.pair }),
  },
  annotations: { summary: alert.summary, description: alert.description },
})

const range = '5m'

function expression(service: Service, when: Condition): string {
  const { name } = when.metric
  const some = selector(service, when, when.where ?? {})
  switch (when.measure) {
    case 'rate':
      return rate(name + some, range)
    case 'share':
      return share(rate(name + some, range), rate(name + selector(service, when, {}), range))
    case 'sum':
      return `sum(${name}${some})`
    case 'max':
      return `max${when.by ? ` by (${when.by.join(', ')}) ` : ''}(${name}${some})`
    case 'age':
      return `time() - max(${name}${some})`
    case 'p95':
      return quantile(0.95, `${name}_bucket${some}`, range)
  }
}

function selector(
  service: Service,
  { isForeign }: Condition,
  where: NonNullable<Condition['where']>,
) {
  const own = isForeign === true ? [] : [`service="${service.name}"`]
  const labels = Object.entries(where).map(([label, values]) => `${label}=~"${values.join('|')}"`)
  return `{${[...own, ...labels].join(',')}}`
}
