import { z } from 'zod'
import { route } from '../../model/route.ts'
import { contentId } from '../ids.ts'
import { readSearch } from '../scopes.ts'

/** How deep a page may lie (`index.max_result_window`). */
export const deepest = 10_000

const text = z
  .string()
  .normalize('NFC')
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not contain control characters')

const size = (ifAbsent: number) => z.coerce.number<string>().int().min(1).max(100).default(ifAbsent)

const tagList = text.transform((list) =>
  list
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== ''),
)

const found = z.object({
  id: contentId,
  title: z.string(),
  author: z.string(),
  desc: z.string(),
  tags: z.array(z.string()),
  updatedAt: z.int().meta({ description: 'Epoch milliseconds' }),
  version: z.int(),
})

const hit = found.extend({
  _score: z.number().nullable(),
  highlight: z
    .object({ title: z.array(z.string()).optional(), desc: z.array(z.string()).optional() })
    .optional(),
})

export const api = {
  search: route('GET /search', {
    summary: 'Titles by Korean full text over title, author, tags and description.',
    access: readSearch,
    query: z
      .object({
        q: text,
        tags: tagList.optional().meta({ description: 'Comma separated; a title must carry all' }),
        sort: z.enum(['_score', 'title', 'updatedAt']).default('_score'),
        order: z.enum(['asc', 'desc']).default('desc'),
        size: size(10),
        from: z.coerce.number<string>().int().nonnegative().max(deepest).default(0),
        highlight: z.enum(['true', 'false']).default('false'),
        cursor: z
          .string()
          .max(2000)
          .optional()
          .describe(
            '`next` of the page before, with the same question: as deep as there are titles',
          ),
      })
      .refine((page) => page.cursor === undefined || page.from === 0, {
        path: ['cursor'],
        message: 'goes without from',
      })
      .refine((page) => page.from + page.size <= deepest, {
        path: ['from'],
        message: `from + size must be ${deepest} at most`,
      }),
    answers: {
      200: {
        summary: 'How many there are, exactly, and this page of them; highlights are HTML',
        schema: z.object({
          total: z.int(),
          results: z.array(hit),
          next: z.string().nullable().describe('`cursor` of the next page; null at the end'),
        }),
      },
    },
  }),
  suggest: route('GET /search/suggest', {
    summary: 'Titles that begin like this.',
    access: readSearch,
    query: z.object({ q: text, size: size(5) }),
    answers: { 200: { summary: 'Titles, best first', schema: z.array(z.string()) } },
  }),
  byTag: route('GET /search/by-tag/:tag', {
    summary: 'Titles with exactly this tag, latest change first.',
    access: readSearch,
    params: z.object({ tag: text }),
    query: z.object({ size: size(10) }),
    answers: { 200: { summary: 'Titles', schema: z.array(found) } },
  }),
}
