import type { Place } from './cursor.ts'

/** What a reader asks for. */
export interface Question {
  readonly q: string
  readonly tags: readonly string[]
  readonly sort: '_score' | 'title' | 'updatedAt'
  readonly order: 'asc' | 'desc'
  readonly size: number
  readonly from: number
  readonly highlight: boolean
  /** Goes on after the page that ended here; `from` is 0 then. */
  readonly after?: Place | undefined
}

/** Body of the search that answers a question. */
export const searchBody = (question: Question) => ({
  query: {
    bool: {
      should: matching(question.q),
      minimum_should_match: 1,
      filter: [present, ...question.tags.map((tag) => ({ term: { tags: tag } }))],
    },
  },
  sort: [{ [sortFields[question.sort]]: question.order }, { id: 'asc' }],
  from: question.from,
  ...(question.after && { search_after: question.after }),
  size: question.size,
  track_total_hits: true,
  track_scores: true,
  _source: shown,
  ...(question.highlight && { highlight }),
})

/** Body of the search for titles that begin like `q`. */
export const suggestBody = (q: string, size: number) => ({
  query: { bool: { must: [{ match: { 'title.beginning': q } }], filter: [present] } },
  collapse: { field: 'title.exact' },
  sort: [{ _score: 'desc' }, { id: 'asc' }],
  size,
  _source: ['title'],
})

/** Body of the search for titles with exactly this tag. */
export const tagBody = (tag: string, size: number) => ({
  query: { bool: { filter: [present, { term: { tags: tag } }] } },
  sort: [{ updatedAt: 'desc' }, { id: 'asc' }],
  size,
  _source: shown,
})

/** Tombstones stay in the index to keep late changes out; nobody may find them. */
const present = { term: { deleted: false } }

const shown = ['id', 'title', 'author', 'desc', 'tags', 'updatedAt', 'version']

const sortFields = { _score: '_score', title: 'title.exact', updatedAt: 'updatedAt' }

const boosts = { exact: 10, beginning: 2 }
const words = ['title^4', 'author^2', 'tags.words', 'desc']

// None of these has a query language of its own, so nothing in `q` is an operator. All words must be there: in
// one field (best), or spread over fields ("강풀 로맨스" is an author and a tag).
const matching = (q: string) => [
  { multi_match: { query: q, type: 'best_fields', operator: 'and', fields: words } },
  { multi_match: { query: q, type: 'cross_fields', operator: 'and', fields: words } },
  { match: { 'title.beginning': { query: q, boost: boosts.beginning } } },
  { term: { 'title.exact': { value: q, boost: boosts.exact } } },
]

const highlight = {
  encoder: 'html',
  pre_tags: ['<em>'],
  post_tags: ['</em>'],
  number_of_fragments: 0,
  fields: { title: {}, 'title.beginning': {}, desc: {} },
}
