import type { Metric } from '../services/model/metric.ts'
import type { Topology } from '../services/model/topology.ts'
import { serverRequests } from '../services/kit/http-observe.ts'
import { validationFailed } from '../services/kit/auth.ts'
import { breakerState } from '../services/kit/breaker.ts'
import { refusedInCrowd } from '../services/kit/crowd.ts'
import { deadLettersSent } from '../services/kit/dead-letter.ts'
import { edgeFailures, edgeRequests } from '../services/kit/edges.ts'
import { outboxDead, outboxOldestAge } from '../services/kit/relay.ts'
import { poolConnections } from '../services/kit/sql/observed.ts'

/** Series that Prometheus and prom-client's default collectors bring. */
const fromEngines = [
  'up',
  'process_resident_memory_bytes',
  'process_cpu_seconds_total',
  'nodejs_eventloop_lag_p99_seconds',
]

/** What the kit exports for every service that uses the part. */
const kitMetrics: readonly Metric[] = [
  validationFailed,
  breakerState,
  edgeRequests,
  edgeFailures,
  poolConnections,
  refusedInCrowd,
  deadLettersSent,
  outboxDead,
  outboxOldestAge,
]

/** Names of all series that services and engines export. A histogram exports three. */
export function exportedMetrics(topology: Topology): ReadonlySet<string> {
  const declared = topology.services.flatMap((service) => [
    serverRequests(service),
    ...Object.values(service.metrics),
  ])
  return new Set([...fromEngines, ...[...declared, ...kitMetrics].flatMap(seriesOf)])
}

const seriesOf = (metric: Metric): readonly string[] =>
  metric.type === 'histogram'
    ? ['_bucket', '_sum', '_count'].map((suffix) => metric.name + suffix)
    : [metric.name]
