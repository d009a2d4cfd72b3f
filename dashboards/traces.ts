import { answers, type Service } from '../services/model/service.ts'
import type { TracePanel } from './board.ts'

/** TraceQL of a service's spans. @param also further conditions */
export const of = (service: Service, ...also: readonly string[]): string =>
  spans(`resource.service.name = "${service.name}"`, ...also)

/** Those of the route that the clicked series is called by. */
export const ofRoute = (service: Service, ...also: readonly string[]): string =>
  of(service, 'span.http.route = "${__field.labels.uri}"', ...also)

export const failed = 'status = error'

/** What takes longer than the service promises. */
export const slow = ({ slo }: Service): string => `duration > ${slo.latency.p95Ms}ms`

const spans = (...conditions: readonly string[]): string => `{ ${conditions.join(' && ')} }`

/** What to look into first of a service. */
export function panelsOf(service: Service): TracePanel[] {
  return [
    ...(answers(service)
      ? [
          {
            title: 'Slow requests',
            description: `Requests that took over the target of ${service.slo.latency.p95Ms} ms.`,
            traceql: of(service, 'kind = server', slow(service)),
          },
        ]
      : []),
    {
      title: 'Failures',
      description: 'Spans of this service that ended in an error.',
      traceql: of(service, failed),
    },
    ...(service.consumes.length > 0
      ? [
          {
            title: 'Slow records',
            description: 'Records that were processed for over a second.',
            traceql: of(service, 'kind = consumer', 'duration > 1s'),
          },
        ]
      : []),
  ]
}

/** Failures of all services over time. */
export const failureRate: TracePanel = {
  title: 'Failed spans by service',
  description: 'Spans that ended in an error, per second, out of the kept traces.',
  traceql: `${spans(failed)} | rate() by (resource.service.name)`,
  unit: 'ops',
}

/** How long records are processed. */
export const slowestRecords: TracePanel = {
  title: 'Longest processing by topic',
  description: 'The longest time that one record took, out of the kept traces.',
  traceql: `${spans('kind = consumer')} | max_over_time(duration) by (span.messaging.destination.name)`,
  unit: 's',
}

/** Records whose processing took over a second, of all services. */
export const slowRecords: TracePanel = {
  title: 'Slow records',
  description: 'Records that were processed for over a second.',
  traceql: spans('kind = consumer', 'duration > 1s'),
}

/** Calls to a kind of store that took long. @param system as OpenTelemetry calls it, e.g. `postgresql` */
export const slowCalls = (system: string): TracePanel => ({
  title: 'Slow calls',
  description: 'Calls that took over 100 ms.',
  traceql: spans(`span.db.system.name = "${system}"`, 'duration > 100ms'),
})
