import catalog from '../../../services/webtoon/catalog/service.ts'
import gateway from '../../../services/platform/gateway/service.ts'
import ingest from '../../../services/webtoon/ingest/service.ts'
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

/** The stories that the tour shows. */
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
} as const satisfies Readonly<Record<string, Story>>

/** What of a story a trace does not show. */
export const missingFrom = (spans: readonly TraceSpan[], { expected }: Story): readonly string[] =>
  expected.filter((one) => !spans.some((span) => shows(span, one))).map(({ what }) => what)

const shows = (span: TraceSpan, { service, kind, topic, store }: Expected): boolean =>
  span.service === service &&
  span.kind === kind &&
  (topic === undefined || span.attributes['messaging.destination.name'] === topic) &&
  (store === undefined || span.attributes['db.system.name'] === store)
