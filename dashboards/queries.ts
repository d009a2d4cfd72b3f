import { budgetWindowDays } from '../services/model/slo.ts'
import type { Metric } from '../services/model/metric.ts'
import type { Service } from '../services/model/service.ts'
import { serverRequests } from '../services/kit/http-observe.ts'

/** Label matcher of one service, as the scraper names it. */
const of = (service: Service): string => `service="${service.name}"`

const count = (service: Service): string => `${serverRequests(service).name}_count`
const bucket = (service: Service): string => `${serverRequests(service).name}_bucket`

/** What a counter gains a second, over all its series. @param range PromQL duration, e.g. `5m` */
export const rate = (series: string, range: string): string => `sum(rate(${series}[${range}]))`

/** How much of a whole rate a part is, 0 to 1; 0 where there is nothing. */
export const share = (part: string, whole: string): string =>
  `(${part} or vector(0)) / (${whole} > 0 or vector(1))`

/** Quantile of a histogram, in its unit. @param buckets its `_bucket` series; @param q 0 to 1 */
export const quantile = (q: number, buckets: string, range: string): string =>
  `histogram_quantile(${q}, sum by (le) (rate(${buckets}[${range}])))`

/** Requests per second. @param range PromQL duration, e.g. `5m` */
export const requestRate = (service: Service, range: string): string =>
  rate(`${count(service)}{${of(service)}}`, range)

export const requestRateByRoute = (service: Service, range: string): string =>
  `sum by (method, uri) (rate(${count(service)}{${of(service)}}[${range}]))`

/** Share of requests answered with 5xx, 0 to 1; 0 where there are no requests. */
export const errorShare = (service: Service, range: string): string =>
  share(rate(`${count(service)}{${of(service)},status=~"5.."}`, range), requestRate(service, range))

export const errorShareByRoute = (service: Service, range: string): string =>
  `sum by (uri) (rate(${count(service)}{${of(service)},status=~"5.."}[${range}])) / sum by (uri) (rate(${count(service)}{${of(service)}}[${range}]))`

/** Share of requests slower than the service's p95 target, 0 to 1; 0 where there are no requests. */
export const slowShare = (service: Service, range: string): string => {
  const le = service.slo.latency.p95Ms / 1000
  const fast = rate(`${bucket(service)}{${of(service)},le="${le}"}`, range)
  return `1 - (${fast} / (${requestRate(service, range)} > 0) or vector(1))`
}

/** Latency quantile in seconds. @param q 0 to 1 */
export const latency = (service: Service, q: number, range: string): string =>
  quantile(q, `${bucket(service)}{${of(service)}}`, range)

export const latencyByRoute = (service: Service, q: number, range: string): string =>
  `histogram_quantile(${q}, sum by (le, uri) (rate(${bucket(service)}{${of(service)}}[${range}])))`

/** Percent of requests without a 5xx over the budget window. */
export const availability = (service: Service): string =>
  `100 * (1 - ${errorShare(service, `${budgetWindowDays}d`)})`

/** Share of the error budget that is left: 1 untouched, 0 spent, negative overspent. */
export const budgetLeft = (service: Service): string =>
  `1 - ${errorShare(service, `${budgetWindowDays}d`)} / ${round(1 - service.slo.availability / 100)}`

/** Calls that a service makes to others, stores and topics, per second. */
export const dependencyRate = (service: Service, range: string): string =>
  `sum by (server, connection_type) (rate(traces_service_graph_request_total{client="${service.name}"}[${range}]))`

export const dependencyFailures = (service: Service, range: string): string =>
  `sum by (server) (rate(traces_service_graph_request_failed_total{client="${service.name}"}[${range}]))`

/** Records that a group has not consumed yet. */
export const lag = (group: string): string =>
  `sum by (topic) (kafka_consumergroup_lag{group="${group}"})`

/** Records per second that are appended to a topic. */
export const topicRate = (topic: string, range: string): string =>
  rate(`kafka_topic_partition_current_offset{topic="${topic}"}`, range)

/** Breakers of a service by state; the series of the present state is 1. */
export const breakerState = (service: Service): string =>
  `max by (name, state) (circuit_breaker_state{${of(service)}}) == 1`

export const memory = (service: Service): string => `process_resident_memory_bytes{${of(service)}}`
export const cpu = (service: Service, range: string): string =>
  `rate(process_cpu_seconds_total{${of(service)}}[${range}])`
export const loopLag = (service: Service): string =>
  `nodejs_eventloop_lag_p99_seconds{${of(service)}}`

/** One product metric of a service: a counter as a rate by its labels, a histogram as p95, a gauge as it is. */
export function product(service: Service, metric: Metric, range: string): string {
  const labels = Object.keys(metric.labels)
  const by = labels.length > 0 ? ` by (${labels.join(', ')})` : ''
  if (metric.type === 'counter') return `sum${by} (rate(${metric.name}{${of(service)}}[${range}]))`
  if (metric.type === 'gauge') return `max${by} (${metric.name}{${of(service)}})`
  return quantile(0.95, `${metric.name}_bucket{${of(service)}}`, range)
}

/** Binary fractions would make 0.0009999999999999 of 99.9 %. */
export const round = (value: number): number => Number(value.toPrecision(6))
