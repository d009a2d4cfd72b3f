import { edgeFailures, edgeRequests } from '../services/kit/edges.ts'
import { serverRequests } from '../services/kit/http-observe.ts'
import { consumerLag } from '../services/model/metric.ts'
import type { Service } from '../services/model/service.ts'
import { budgetWindowDays } from '../services/model/slo.ts'

/** How far back the rates of panels look: twelve scrapes of the local run, four of a cluster. */
export const panelRange = '1m'

/** Label matcher of one service, as the scraper names it. */
export const of = (service: Service): string => `service="${service.name}"`

/** Label matcher of all services: servers may have metrics of the same names. */
export const anyService = 'job="services"'

const count = (service: Service): string => `${serverRequests(service).name}_count`
const bucket = (service: Service): string => `${serverRequests(service).name}_bucket`

/** Series as one number, or as one for each value of some labels. */
export const over = (how: 'sum' | 'max', series: string, by: readonly string[] = []): string =>
  by.length > 0 ? `${how} by (${by.join(', ')}) (${series})` : `${how}(${series})`

/** What a counter gains a second. @param range PromQL duration, e.g. `5m` */
export const rate = (series: string, range: string, by?: readonly string[]): string =>
  over('sum', `rate(${series}[${range}])`, by)

/** How much of a whole rate a part is, 0 to 1; 0 where there is nothing. */
export const share = (part: string, whole: string): string =>
  `(${part} or vector(0)) / (${whole} > 0 or vector(1))`

/** Quantile of a histogram, in its unit. @param buckets its `_bucket` series; @param q 0 to 1 */
export const quantile = (
  q: number,
  buckets: string,
  range: string,
  by: readonly string[] = [],
): string => `histogram_quantile(${q}, ${rate(buckets, range, ['le', ...by])})`

/** Replicas that answer their scrape. */
export const replicas = (service: Service): string =>
  over('sum', `up{${anyService},${of(service)}}`)

/** Requests per second. @param range PromQL duration, e.g. `5m` */
export const requestRate = (service: Service, range: string, by?: readonly string[]): string =>
  rate(`${count(service)}{${of(service)}}`, range, by)

/** Share of requests answered with 5xx, 0 to 1; 0 where there are no requests. */
export const errorShare = (service: Service, range: string): string =>
  share(failures(service, range), requestRate(service, range))

/** The same for each route that is asked. */
export function errorShareByRoute(service: Service, range: string): string {
  const all = requestRate(service, range, ['uri'])
  return `(${failures(service, range, ['uri'])} or 0 * ${all}) / ${all}`
}

const failures = (service: Service, range: string, by?: readonly string[]): string =>
  rate(`${count(service)}{${of(service)},status=~"5.."}`, range, by)

/** Share of requests slower than the service's p95 target, 0 to 1; 0 where there are no requests. */
export const slowShare = (service: Service, range: string): string => {
  const le = service.slo.latency.p95Ms / 1000
  const fast = rate(`${bucket(service)}{${of(service)},le="${le}"}`, range)
  return `1 - (${fast} / (${requestRate(service, range)} > 0) or vector(1))`
}

/** Latency quantile in seconds. @param q 0 to 1 */
export const latency = (service: Service, q: number, range: string, by?: readonly string[]) =>
  quantile(q, `${bucket(service)}{${of(service)}}`, range, by)

/** Services answer for what they did over this time. */
export const budgetWindow = `${budgetWindowDays}d`

/** Percent of requests without a 5xx over the budget window. */
export const availability = (service: Service): string =>
  `100 * (1 - ${errorShare(service, budgetWindow)})`

/** Calls that a service makes to others, stores and topics, per second. */
export const dependencyRate = (service: Service, range: string): string =>
  rate(`${edgeRequests.name}{client="${service.name}"}`, range, ['server', 'connection_type'])

export const dependencyFailures = (service: Service, range: string): string =>
  rate(`${edgeFailures.name}{client="${service.name}"}`, range, ['server'])

/** Records that a group has not consumed yet. */
export const lag = (group: string): string =>
  over('sum', `${consumerLag}{group="${group}"}`, ['topic'])

/** Records per second that are appended to a topic. */
export const topicRate = (topic: string, range: string): string =>
  rate(`kafka_topic_partition_current_offset{topic="${topic}"}`, range)

export const memory = (service: Service): string => `process_resident_memory_bytes{${of(service)}}`
export const cpu = (service: Service, range: string): string =>
  `rate(process_cpu_seconds_total{${of(service)}}[${range}])`
export const loopLag = (service: Service): string =>
  `nodejs_eventloop_lag_p99_seconds{${of(service)}}`

/** Binary fractions would make 0.0009999999999999 of 99.9 %. */
export const round = (value: number): number => Number(value.toPrecision(6))
