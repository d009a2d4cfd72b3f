import { breakerSlowRate, breakerState } from '../services/kit/breaker.ts'
import { refusedInCrowd } from '../services/kit/crowd.ts'
import { deadLettersSent } from '../services/kit/dead-letter.ts'
import { outboxDead, outboxOldestAge } from '../services/kit/relay.ts'
import type { Alert } from '../services/model/alert.ts'
import { consumerLag } from '../services/model/metric.ts'
import { answers, hasBreakers, hasDatabase, type Service } from '../services/model/service.ts'
import type { Consumption } from '../services/model/topic.ts'

/** What every service has people told about, as far as it has the part that can fail. */
export const derivedAlerts = (service: Service): readonly Alert[] => [
  eventLoopBlocked(service),
  ...(answers(service) ? [requestsShed(service)] : []),
  ...(hasBreakers(service) ? [breakerOpen(service), breakerSlow(service)] : []),
  ...(hasOutbox(service) ? [outboxLate(service), outboxStuck(service)] : []),
  ...service.consumes.map((consumption) => consumerLagging(service, consumption)),
  ...(service.consumes.length > 0 && service.recovers === 'none' ? [deadLettersMany(service)] : []),
]

/** Who recovers sends letters back one by one, without an outbox. */
const hasOutbox = (service: Service): boolean =>
  service.recovers === 'none' && service.publishes.length > 0 && hasDatabase(service)

/** Threshold: reliability case OVL-08. */
const eventLoopBlocked = ({ name }: Service): Alert => ({
  name: 'EventLoopBlocked',
  severity: 'warning',
  for: '5m',
  summary: `${name} is late with everything`,
  description: `The event loop of a replica of ${name} was over 200 ms late (p99) for five minutes.`,
  when: { measure: 'max', metric: { name: 'nodejs_eventloop_lag_p99_seconds' }, above: 0.2 },
})

const requestsShed = ({ name }: Service): Alert => ({
  name: 'RequestsShed',
  severity: 'warning',
  for: '2m',
  summary: `${name} refuses requests because it has too many`,
  description: `${name} has answered more than one request a second with 503 OVERLOADED for two minutes.`,
  when: { measure: 'rate', metric: refusedInCrowd, above: 1 },
})

const breakerOpen = ({ name }: Service): Alert => ({
  name: 'CircuitBreakerOpen',
  severity: 'warning',
  for: '1m',
  summary: `${name} does not call {{ $labels.name }}`,
  description: `The circuit breaker of ${name} for {{ $labels.name }} has not been closed for a minute.`,
  when: {
    measure: 'max',
    metric: breakerState,
    where: { state: ['open', 'half_open', 'forced_open'] },
    by: ['name'],
    above: 0,
  },
})

/** Threshold: contract. */
const breakerSlow = ({ name }: Service): Alert => ({
  name: 'CircuitBreakerSlow',
  severity: 'warning',
  for: '2m',
  summary: `${name} waits for {{ $labels.name }}`,
  description: `More than 30 % of the last calls of ${name} to {{ $labels.name }} were slow for two minutes.`,
  when: { measure: 'max', metric: breakerSlowRate, by: ['name'], above: 0.3 },
})

const outboxLate = ({ name }: Service): Alert => ({
  name: 'OutboxLate',
  severity: 'warning',
  for: '1m',
  summary: `Events of ${name} wait to be published`,
  description: `The oldest event of ${name} that is not in Kafka yet is over a minute old.`,
  when: { measure: 'max', metric: outboxOldestAge, above: 60 },
})

const outboxStuck = ({ name }: Service): Alert => ({
  name: 'OutboxStuck',
  severity: 'critical',
  for: '1m',
  summary: `Events of ${name} will not be published by themselves`,
  description: `${name} has events that Kafka refused five times; what follows on their keys waits.`,
  when: { measure: 'max', metric: outboxDead, above: 0 },
})

/** Records that nobody expects to wait: what all replicas may have before them, or ten thousand. */
const tolerableLag = ({ scale }: Service, { topic }: Consumption): number =>
  scale.on !== 'cpu' && scale.on.lagOf === topic ? scale.on.perReplica * scale.max : 10_000

const consumerLagging = (service: Service, consumption: Consumption): Alert => {
  const { topic, group } = consumption
  const limit = tolerableLag(service, consumption)
  return {
    name: 'ConsumerLagging',
    severity: 'warning',
    for: '5m',
    labels: { topic: topic.name, group },
    summary: `${service.name} is behind on ${topic.name}`,
    description: `${group} has had over ${limit} unread records of ${topic.name} for five minutes.`,
    when: {
      measure: 'sum',
      metric: { name: consumerLag },
      where: { group: [group], topic: [topic.name] },
      isForeign: true,
      above: limit,
    },
  }
}

const deadLettersMany = ({ name }: Service): Alert => ({
  name: 'DeadLettersMany',
  severity: 'warning',
  for: '2m',
  summary: `${name} cannot process what it reads`,
  description: `${name} has sent more than one record in ten seconds to the dead letters for two minutes.`,
  when: { measure: 'rate', metric: deadLettersSent, above: 0.1 },
})
