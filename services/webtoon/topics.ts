import { z } from 'zod'
import { deadLetterTopic, topic } from '../model/topic.ts'
import { contentId, userId } from './ids.ts'

/** A reader looked at a title or liked it. Unknown fields are dropped. */
export const pageViewEvent = z.object({
  eventId: z.string().min(1, 'must not be empty').max(128),
  userId: userId.optional(),
  contentId,
  /** Epoch milliseconds at the reader's side. */
  ts: z.int().positive(),
  props: z.object({ action: z.enum(['view', 'like']) }),
})
export type PageViewEvent = z.infer<typeof pageViewEvent>

/** A title as it is now, or that it is gone. `version` rises with every change, also across a delete. */
export const catalogChange = z
  .object({
    id: contentId,
    version: z.int().positive(),
    /** Epoch milliseconds. */
    updatedAt: z.int().positive(),
    deleted: z.boolean().optional(),
    title: z.string().optional(),
    author: z.string().optional(),
    desc: z.string().optional(),
    tags: z.array(z.string()).optional(),
  })
  .refine((change) => change.deleted === true || change.title !== undefined, {
    path: ['title'],
    message: 'is missing though the title is not deleted',
  })
export type CatalogChange = z.infer<typeof catalogChange>

/** Later than this after its `ts` an event is not counted, so that a recount always agrees (contract). */
export const countedWithinMs = 60_000

export const pageViewDeadLetters = deadLetterTopic('events.page_view.v1.dlq', {
  summary: 'Page views that could not be published or processed.',
  key: 'contentId',
  type: 'kr.webtoon.page.viewed.v1',
})

export const pageView = topic('events.page_view.v1', {
  summary: 'Page views and likes.',
  key: 'contentId',
  type: 'kr.webtoon.page.viewed.v1',
  schema: pageViewEvent,
  partitions: 24,
  retentionDays: 1,
  late: { afterMs: countedWithinMs, timeOf: ({ ts }) => ts },
  deadLetters: pageViewDeadLetters,
})

export const catalogDeadLetters = deadLetterTopic('catalog.upsert.v1.dlt', {
  summary: 'Title changes that could not be indexed.',
  key: 'id',
  type: 'kr.webtoon.title.changed.v1',
})

export const catalogUpsert = topic('catalog.upsert.v1', {
  summary: 'Every change of a title, with the version of its row.',
  key: 'id',
  type: 'kr.webtoon.title.changed.v1',
  schema: catalogChange,
  deadLetters: catalogDeadLetters,
})
