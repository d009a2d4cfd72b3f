import { validationFailed } from '../services/kit/auth.ts'
import {
  breakerBuffered,
  breakerCalls,
  breakerFailureRate,
  breakerNotPermitted,
  breakerSlow,
  breakerSlowRate,
  breakerState,
} from '../services/kit/breaker.ts'
import { refusedInCrowd } from '../services/kit/crowd.ts'
import { deadLettersSent } from '../services/kit/dead-letter.ts'
import { edgeFailures, edgeRequests } from '../services/kit/edges.ts'
import { serverRequests } from '../services/kit/http-observe.ts'
import { consumerRestarts } from '../services/kit/kafka/consumer.ts'
import { batchesFailed } from '../services/kit/kafka/partitions.ts'
import { poolConnections } from '../services/kit/sql/observed.ts'
import {
  outboxDead,
  outboxOldestAge,
  outboxPending,
  outboxPublished,
} from '../services/kit/relay.ts'
import { databaseOperations } from '../services/kit/store-call.ts'
import type { Metric } from '../services/model/metric.ts'
import type { Topology } from '../services/model/topology.ts'
import { mariadbSeries, postgresSeries, redisSeries, watchers } from './servers.ts'

/** Series that Prometheus, prom-client's default collectors and the exporters of engines bring. */
const fromEngines = [
  'up',
  'process_resident_memory_bytes',
  'process_cpu_seconds_total',
  'nodejs_eventloop_lag_p99_seconds',
  ...Object.values(watchers).flatMap(({ up }) => up),
  ...Object.values(postgresSeries).flat(),
  ...Object.values(mariadbSeries),
  ...Object.values(redisSeries),
]

/** What the kit exports for every service that uses the part. */
const kitMetrics: readonly Metric[] = [
  validationFailed,
  breakerState,
  breakerCalls,
  breakerFailureRate,
  breakerNotPermitted,
  breakerSlow,
  breakerSlowRate,
  breakerBuffered,
  edgeRequests,
  edgeFailures,
  poolConnections,
  databaseOperations,
  refusedInCrowd,
  deadLettersSent,
  batchesFailed,
  consumerRestarts,
  outboxDead,
  outboxOldestAge,
  outboxPending,
  outboxPublished,
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
