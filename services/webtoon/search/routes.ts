import type { Handlers } from '../../kit/http.ts'
import type { api } from './api.ts'
import { cursorAt, placeOf } from './cursor.ts'
import { findByTag, findTitles, suggestTitles, type TitleIndex } from './store.ts'

/** Everything the search answers. */
export const handlers = (index: TitleIndex): Handlers<typeof api> => ({
  search: async ({ query }) => {
    const { cursor, tags = [], highlight, ...rest } = query
    const question = { ...rest, tags, highlight: highlight === 'true' }
    const after = cursor === undefined ? undefined : placeOf(question, cursor)
    const { total, results, last } = await findTitles(index, { ...question, after })
    const next = last ? cursorAt(question, last) : null
    return { status: 200, body: { total, results, next } }
  },
  suggest: async ({ query: { q, size } }) => ({
    status: 200,
    body: await suggestTitles(index, q, size),
  }),
  byTag: async ({ params: { tag }, query: { size } }) => ({
    status: 200,
    body: await findByTag(index, tag, size),
  }),
})
