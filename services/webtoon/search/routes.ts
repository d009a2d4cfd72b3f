import type { Handlers } from '../../kit/http.ts'
import type { api } from './api.ts'
import { findByTag, findTitles, suggestTitles, type TitleIndex } from './store.ts'

/** Everything the search answers. */
export const handlers = (index: TitleIndex): Handlers<typeof api> => ({
  search: async ({ query }) => {
    const question = { ...query, tags: query.tags ?? [], highlight: query.highlight === 'true' }
    return { status: 200, body: await findTitles(index, question) }
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
