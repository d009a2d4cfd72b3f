import catalog from '../../../services/webtoon/catalog/service.ts'
import gateway from '../../../services/platform/gateway/service.ts'
import ingest from '../../../services/webtoon/ingest/service.ts'
import ledger from '../../../services/payments/ledger/service.ts'
import payment from '../../../services/payments/payment/service.ts'
import pgMock from '../../../services/payments/pg-mock/service.ts'
import settlement from '../../../services/payments/settlement/service.ts'
import { captured, captureRequested } from '../../../services/payments/topics.ts'
import rank from '../../../services/webtoon/rank/service.ts'
import search from '../../../services/webtoon/search/service.ts'
import type { Service } from '../../../services/model/service.ts'
import type { Topic } from '../../../services/model/topic.ts'
import { catalogUpsert, pageView } from '../../../services/webtoon/topics.ts'
import type { SpanKind, TraceSpan } from '../trace/span.ts'

/** A span that the story of a request must have. */
export interface Expected {
  readonly what: string
  readonly service: string
  readonly kind: SpanKind
  readonly topic?: string
  readonly store?: string
  readonly peer?: string
}

/** What must be seen in one trace. */
export interface Story {
  readonly title: string
  readonly expected: readonly Expected[]
}

const serves = ({ name }: Service): Expected => ({
  what: `a server span of ${name}`,
  service: name,
  kind: 'server',
})

const sends = ({ name }: Service, topic: Topic): Expected => ({
  what: `${name} sending to ${topic.name}`,
  service: name,
  kind: 'producer',
  topic: topic.name,
})

/** A batch's `process` span carries the attributes of the store call. */
const processes = ({ name }: Service, topic: Topic, store: string): Expected => ({
  what: `${name} processing ${topic.name} into ${store}`,
  service: name,
  kind: 'consumer',
  topic: topic.name,
  store,
})

const calls = ({ name }: Service, store: string): Expected => ({
  what: `${name} calling ${store}`,
  service: name,
  kind: 'client',
  store,
})

const asks = ({ name }: Service, callee: Service): Expected => ({
  what: `${name} asking ${callee.name}`,
  service: name,
  kind: 'client',
  peer: callee.name,
})

/** The stories that the tours show. */
export const stories = {
  event: {
    title: 'One event: gateway → ingest → Kafka → rank → Redis',
    expected: [
      serves(gateway),
      serves(ingest),
      sends(ingest, pageView),
      processes(rank, pageView, 'redis'),
    ],
  },
  title: {
    title: 'One title: gateway → catalog → outbox → Kafka → search → OpenSearch',
    expected: [
      serves(gateway),
      serves(catalog),
      calls(catalog, 'postgresql'),
      sends(catalog, catalogUpsert),
      processes(search, catalogUpsert, 'opensearch'),
    ],
  },
  payment: {
    title:
      'One payment: gateway → payment → pg-mock, outbox → Kafka → settlement → pg-mock, outbox → Kafka → payment and ledger',
    expected: [
      serves(gateway),
      serves(payment),
      asks(payment, pgMock),
      serves(pgMock),
      sends(payment, captureRequested),
      processes(settlement, captureRequested, 'mariadb'),
      asks(settlement, pgMock),
      sends(settlement, captured),
      processes(payment, captured, 'mariadb'),
      processes(ledger, captured, 'mariadb'),
    ],
  },
} as const satisfies Readonly<Record<string, Story>>

/** What of a story a trace does not show. */
export const missingFrom = (spans: readonly TraceSpan[], { expected }: Story): readonly string[] =>
  expected.filter((one) => !spans.some((span) => shows(span, one))).map(({ what }) => what)

const shows = (span: TraceSpan, { service, kind, topic, store, peer }: Expected): boolean =>
  span.service === service &&
  span.kind === kind &&
  (topic === undefined || span.attributes['messaging.destination.name'] === topic) &&
  (store === undefined || span.attributes['db.system.name'] === store) &&
  (peer === undefined || span.attributes['service.peer.name'] === peer)
