import { z } from 'zod'
import type { Context } from '../../kit/context.ts'
import { client, type HttpClient } from '../../kit/client.ts'
import { search } from '../../kit/search.ts'
import { clientToken } from '../../kit/token.ts'
import catalog from '../catalog/service.ts'
import { titleIndex } from '../stores.ts'
import type { Document } from './documents.ts'
import { copyTombstones, noteFilling, refresh } from './indexes.ts'
import type service from './service.ts'
import { writeDocuments, type TitleIndex } from './store.ts'

/** What fills an index: the catalogue's own pages. */
export interface Filler {
  readonly index: TitleIndex
  readonly catalog: HttpClient
  readonly context: Pick<Context, 'log' | 'clock' | 'instance'>
  readonly signal: AbortSignal
}

/** What a service or a task of it fills an index with. */
export async function fillerOf(context: Context<typeof service>): Promise<Filler> {
  const { shards, replicas } = context.config.settings
  const connected = await search(context, titleIndex)
  const api = client(context, catalog, {
    token: clientToken(context),
    timeLimitMs: 10_000,
    retries: { attempts: 5, firstBackoffMs: 100, maxBackoffMs: 2000 },
  })
  return {
    index: { client: connected.client, alias: connected.alias, spread: { shards, replicas } },
    catalog: api,
    context,
    signal: context.life.signal,
  }
}

/** What an index needs of a page of the catalogue. */
const page = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      author: z.string(),
      desc: z.string(),
      tags: z.array(z.string()),
      updatedAt: z.iso.datetime(),
      version: z.int(),
    }),
  ),
  next: z.string().nullable(),
})
type Title = z.output<typeof page>['items'][number]

const pageSize = 100
/** Whoever fills says so this often. After `abandonedMs` of silence nobody does. */
const noteEveryMs = 10_000
export const abandonedMs = 60_000
/** A pass that finds nothing to add proves that all is there; writers may keep it from ever finding nothing. */
const passesAtMost = 3

/**
 * Brings every title of the catalogue into an index that changes already go to. The catalogue is read after that, and
 * versions decide, so a change on its way is never lost or undone.
 * @param from the index that readers had before, for its tombstones
 * @returns how many titles the catalogue had
 */
export async function fill(filler: Filler, name: string, from?: string): Promise<number> {
  const { index, context } = filler
  if (from !== undefined) await copyTombstones(index, { from, to: name, now: context.clock() })
  let titles = 0
  for (let pass = 1; pass <= passesAtMost; pass += 1) {
    const passed = await onePass(filler, name)
    titles = passed.titles
    context.log.info({ index: name, pass, ...passed }, 'titles are brought into the index')
    if (passed.added === 0) break
  }
  await refresh(index, name)
  await noteFilling(index, name, { filled: true, at: context.clock(), by: context.instance })
  return titles
}

async function onePass(filler: Filler, name: string): Promise<{ titles: number; added: number }> {
  const { index, context, signal } = filler
  const sum = { titles: 0, added: 0 }
  let noted = -Infinity
  for (let cursor: string | null = ''; cursor !== null;) {
    signal.throwIfAborted()
    const { items, next } = await titlesAfter(filler, cursor)
    if (performance.now() - noted > noteEveryMs) {
      await noteFilling(index, name, { filled: false, at: context.clock(), by: context.instance })
      noted = performance.now()
    }
    sum.titles += items.length
    sum.added += items.length > 0 ? await add(index, name, items) : 0
    cursor = next
  }
  return sum
}

async function titlesAfter({ catalog: api, signal }: Filler, cursor: string) {
  const query = { size: String(pageSize), ...(cursor !== '' && { cursor }) }
  const to = { method: 'GET', path: '/catalog' } as const
  const { body } = await api.request({ to, query, signal })
  return page.parse(body)
}

/** @throws Error when the index refuses a title, which only a definition that does not fit can make it do */
async function add(index: TitleIndex, name: string, items: readonly Title[]): Promise<number> {
  const outcomes = await writeDocuments(index, [name], items.map(documentFrom))
  const failed = outcomes.find((outcome) => 'error' in outcome)
  if (failed && 'error' in failed) throw failed.error
  return outcomes.filter(({ kind }) => kind === 'indexed').length
}

const documentFrom = ({ updatedAt, ...title }: Title): Document => ({
  ...title,
  updatedAt: Date.parse(updatedAt),
  deleted: false,
})
