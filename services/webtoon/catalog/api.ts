import { z } from 'zod'
import { route } from '../../model/route.ts'
import { contentId } from '../ids.ts'
import { readCatalog, writeCatalog } from '../scopes.ts'
import { line, paragraph } from './text.ts'

const tag = line(1, 50)

const draft = z.object({
  id: contentId,
  title: line(1, 255),
  author: line(0, 100).nullish(),
  desc: paragraph(2000).nullish(),
  tags: z
    .array(tag)
    .max(20)
    .refine((tags) => new Set(tags).size === tags.length, 'must not repeat a tag')
    .nullish(),
  /** The version that the writer has seen; 0 for a title that must not be there yet. */
  version: z.int().nonnegative().optional(),
})

const view = z.object({
  id: contentId,
  title: z.string(),
  author: z.string(),
  desc: z.string(),
  tags: z.array(z.string()),
  updatedAt: z.iso.datetime(),
  version: z.int(),
})

const kept = z.record(z.string(), z.unknown()).nullable()
const change = z.object({
  version: z.int(),
  change: z.enum(['created', 'updated', 'deleted']),
  subject: z.string(),
  clientId: z.string(),
  at: z.iso.datetime(),
  before: kept.describe('The title before; null for a new one'),
  after: kept.describe('The title after; null for a deletion'),
})

const written = z.object({ id: contentId, version: z.int() })
const params = z.object({ id: contentId })
const etag = { etag: 'The version, in double quotes' }

export const api = {
  upsert: route('POST /catalog/upsert', {
    summary:
      'Creates or replaces a title. `If-Match` or `version` guard against lost updates: 412 and 409.',
    access: writeCatalog,
    body: draft,
    problems: [409, 412],
    answers: { 200: { summary: 'The title as it is now', schema: written, headers: etag } },
  }),
  list: route('GET /catalog', {
    summary: 'Titles by id, page by page.',
    access: readCatalog,
    query: z.object({
      cursor: contentId.optional(),
      size: z.coerce.number<string>().int().min(1).max(100).default(20),
      tag: tag.optional(),
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the cursor of the following one, null at the end',
        schema: z.object({ items: z.array(view), next: contentId.nullable() }),
      },
    },
  }),
  get: route('GET /catalog/:id', {
    summary: 'One title.',
    access: readCatalog,
    params,
    problems: [404],
    answers: {
      200: { summary: 'The title', schema: view, headers: etag },
      304: { summary: 'Still the version named in `If-None-Match`', headers: etag },
    },
  }),
  history: route('GET /catalog/:id/history', {
    summary: 'Who changed a title, and how, latest first; also of a deleted one.',
    access: writeCatalog,
    params,
    query: z.object({
      before: z.coerce
        .number<string>()
        .int()
        .min(1)
        .max(Number.MAX_SAFE_INTEGER)
        .default(Number.MAX_SAFE_INTEGER)
        .describe('Changes before this version: `next` of the page before'),
      size: z.coerce.number<string>().int().min(1).max(100).default(20),
    }),
    problems: [404],
    answers: {
      200: {
        summary: 'A page of changes; `next` is the `before` of the following one, null at the end',
        schema: z.object({ items: z.array(change), next: z.int().nullable() }),
      },
    },
  }),
  delete: route('DELETE /catalog/:id', {
    summary: 'Deletes a title. `If-Match` guards against deleting what changed meanwhile: 412.',
    access: writeCatalog,
    params,
    problems: [404, 409, 412],
    answers: { 200: { summary: 'It is gone; the version of its tombstone', schema: written } },
  }),
}
