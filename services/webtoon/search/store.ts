import type { Client } from '@opensearch-project/opensearch'
import { unavailable } from '../../kit/problem.ts'
import type { Place } from './cursor.ts'
import { viewOf, type Document } from './documents.ts'
import type { Spread } from './index-definition.ts'
import { isClosed, outcomeOf, worstOf, type BulkItem, type Outcome } from './outcomes.ts'
import { searchBody, suggestBody, tagBody, type Question } from './queries.ts'

/** The client and the name under which readers find the titles. */
export interface TitleIndex {
  readonly client: Client
  /** Points to the one index that is searched. Whatever is to be written carries `<alias>_write`. */
  readonly alias: string
  /** How an index that is made is spread. */
  readonly spread: Spread
}

/** A reader would rather hear 503 than wait for the gateway's time limit. */
const hurried = { requestTimeout: 1000 }

/** Nobody waits for a write, and one that is given up too early is only made twice. */
export const patient = { requestTimeout: 10_000 }

/** A title that was found. */
export type Hit = ReturnType<typeof viewOf> & {
  readonly _score: number | null
  readonly highlight?: { readonly title?: string[]; readonly desc?: string[] }
}

/**
 * Writes documents to every index in one request. One outcome per document, in order.
 * @throws Problem 503 when an index takes no document at all
 */
export async function writeDocuments(
  { client }: TitleIndex,
  indexes: readonly string[],
  documents: readonly Document[],
): Promise<readonly Outcome[]> {
  const lines = documents.flatMap((document) =>
    indexes.flatMap((index) => [{ index: placeOf(document, index) }, document]),
  )
  const { body } = await client.bulk({ body: lines }, patient)
  const items = body.items.map((item) => item.index as BulkItem)
  const closed = items.find(isClosed)
  if (closed) throw unavailable('INDEX_CLOSED', `No title can be written: ${closed.error?.reason}`)
  const outcomes = items.map(outcomeOf)
  const each = indexes.length
  return documents.map((_, at) => worstOf(outcomes.slice(at * each, (at + 1) * each)))
}

/** Asks once as readers do: the first question loads nori's dictionary and would cost a reader over a second. */
export async function warmUp(index: TitleIndex): Promise<void> {
  const page = { sort: '_score', order: 'desc', size: 1, from: 0, highlight: true } as const
  await ask(index, searchBody({ q: '웹툰', tags: [], ...page }), patient)
}

/** The titles that answer a question, how many there are in all, and where a page that is full ends. */
export async function findTitles(
  index: TitleIndex,
  question: Question,
): Promise<{ total: number; results: Hit[]; last: Place | undefined }> {
  const { total, hits } = await ask(index, searchBody(question))
  const last = hits.length === question.size ? hits.at(-1)?.sort : undefined
  return { total, results: hits.map(hitOf), last }
}

/** Titles that begin like `q`, each once. */
export async function suggestTitles(index: TitleIndex, q: string, size: number) {
  const { hits } = await ask(index, suggestBody(q, size))
  return hits.map((hit) => hit._source.title ?? '')
}

/** Titles with exactly this tag. */
export async function findByTag(index: TitleIndex, tag: string, size: number) {
  const { hits } = await ask(index, tagBody(tag, size))
  return hits.map((hit) => viewOf(hit._source))
}

interface RawHit {
  readonly _score: number | null
  readonly _source: Document
  readonly sort?: Place
  readonly highlight?: Readonly<Record<string, string[]>>
}

// Without the alias (nothing was ever indexed) the answer is empty instead of an error.
async function ask({ client, alias }: TitleIndex, body: object, patience = hurried) {
  const wanted = { index: alias, ignore_unavailable: true, body }
  const answer = await client.search(wanted, patience)
  const { total, hits } = answer.body.hits as unknown as {
    total: { value: number }
    hits: RawHit[]
  }
  return { total: total.value, hits }
}

function hitOf({ _score, _source, highlight }: RawHit): Hit {
  const title = highlight?.['title'] ?? highlight?.['title.beginning']
  const desc = highlight?.['desc']
  const marked = { ...(title && { title }), ...(desc && { desc }) }
  return { ...viewOf(_source), _score, ...(highlight && { highlight: marked }) }
}

const placeOf = ({ id, version }: Document, index: string) => ({
  _index: index,
  _id: id,
  version,
  version_type: 'external' as const,
})
