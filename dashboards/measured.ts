import type { Measurement } from '../services/model/measure.ts'
import type { Metric } from '../services/model/metric.ts'
import type { Service } from '../services/model/service.ts'
import { over, quantile, rate, share } from './queries.ts'

/** PromQL of what a service measures. @param range how far rates and quantiles look back, e.g. `5m` */
export function measured(service: Service, what: Measurement, range: string): string {
  const { name } = what.metric
  const some = selector(service, what, what.where ?? {})
  switch (what.measure) {
    case 'rate':
      return rateOf(service, what, range)
    case 'share':
      return part(service, what, range)
    case 'rest':
      return `1 - ${part(service, what, range)}`
    case 'sum':
    case 'max':
      return over(what.measure, name + some, what.by)
    case 'age':
      return `time() - ${over('max', name + some, what.by)}`
    case 'p50':
      return quantile(0.5, `${name}_bucket${some}`, range, what.by)
    case 'p95':
      return quantile(0.95, `${name}_bucket${some}`, range, what.by)
    case 'p99':
      return quantile(0.99, `${name}_bucket${some}`, range, what.by)
    case 'mean': {
      const [total, times] = ['_sum', '_count'].map((of) => rate(name + of + some, range, what.by))
      return `${total} / ${times}`
    }
  }
}

/** What has not happened yet has no series, yet it is 0 a second. */
function rateOf(service: Service, what: Measurement, range: string): string {
  const { metric, where, by } = what
  const some = rate(metric.name + selector(service, what, where ?? {}), range, by)
  if (where === undefined || by !== undefined) return some
  return `(${some} or 0 * ${rate(metric.name + selector(service, what, {}), range)})`
}

function part(service: Service, what: Measurement, range: string): string {
  const [some, all] = [what.where ?? {}, what.of ?? {}].map((where) =>
    rate(what.metric.name + selector(service, what, where), range),
  )
  return share(some ?? '', all ?? '')
}

/** What a metric is looked at for: a counter for its rate, a histogram for its p95, a gauge for its value. */
export const usual = (metric: Metric): Measurement => ({
  measure: ({ counter: 'rate', gauge: 'max', histogram: 'p95' } as const)[metric.type],
  metric,
  by: Object.keys(metric.labels),
})

function selector(
  service: Service,
  { isForeign }: Measurement,
  where: NonNullable<Measurement['where']>,
) {
  const own = isForeign === true ? [] : [`service="${service.name}"`]
  const labels = Object.entries(where).map(([label, values]) => `${label}=~"${values.join('|')}"`)
  return `{${[...own, ...labels].join(',')}}`
}
