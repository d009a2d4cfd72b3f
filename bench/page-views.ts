import { randomUUID } from 'node:crypto'
import ingest from '../services/webtoon/ingest/service.ts'
import { sourceOf } from '../services/kit/kafka/publisher.ts'
import { pageView, type PageViewEvent } from '../services/webtoon/topics.ts'

const titles = 5000
const likeShare = 0.1
const spreadMs = 5000

/** A page view of now. Few titles are seen much: the share of title k falls with 1 / k. */
export const someView = (random: () => number = Math.random): PageViewEvent => ({
  eventId: randomUUID(),
  userId: `u-${Math.floor(random() * 10_000)}`,
  contentId: `w-${Math.floor(titles ** random())}`,
  ts: Date.now() - Math.floor(random() * spreadMs),
  props: { action: random() < likeShare ? 'like' : 'view' },
})

/** Headers as our publisher writes them, without a trace. */
export const headersOf = ({ eventId, ts }: PageViewEvent): Record<string, string> => ({
  ce_specversion: '1.0',
  ce_id: eventId,
  ce_source: sourceOf(ingest.name),
  ce_type: pageView.type,
  ce_time: new Date(ts).toISOString(),
  'content-type': 'application/json',
})
