import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Gateway } from '../front-door.ts'
import { found } from './searches.ts'
import { together, waitFor } from './wait.ts'

const title = z.object({
  id: z.string(),
  title: z.string(),
  author: z.string(),
  tags: z.array(z.string()),
  desc: z.string(),
})
export type Title = z.infer<typeof title>

const atATime = 8
const searchableWithinMs = 60_000
const pageSize = 100

/** The titles of the product, one JSON object a line. */
export const titlesIn = (file: string): readonly Title[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => title.parse(JSON.parse(line)))

/** Writes the titles that the catalogue does not have as they are. @returns versions by id, and how many it wrote */
export async function loadTitles(gateway: Gateway, titles: readonly Title[]) {
  const kept = await everyTitle(gateway)
  const stale = titles.filter((one) => !same(one, kept.get(one.id)))
  const written = await together(stale, atATime, (one) => upsert(gateway, one))
  const versions = new Map(titles.map(({ id }) => [id, kept.get(id)?.version ?? 0]))
  for (const { body } of written) versions.set(body.id, body.version)
  return { versions, written: written.length }
}

/** Creates or replaces a title. */
export const upsert = (gateway: Gateway, one: Title) =>
  gateway.send('POST /catalog/upsert', { body: one, schema: written, repeatable: true })

/**
 * Resolves when a search for each title shows it in the version that was written. One question at a time until the
 * first is answered: a search that has just started is slow, and many slow answers at once open its breaker.
 */
export async function searchable(
  gateway: Gateway,
  titles: readonly Title[],
  versions: ReadonlyMap<string, number>,
): Promise<void> {
  let missing = titles
  const look = async (): Promise<true | undefined> => {
    const asked = missing.length === titles.length ? missing.slice(0, 1) : missing
    const fresh = await together(asked, atATime, async ({ id, title: text }) => {
      const { body } = await found(gateway, text)
      const shown = body.results.find((hit) => hit.id === id)
      return shown !== undefined && shown.version >= (versions.get(id) ?? 0)
    })
    missing = missing.filter((_, at) => fresh[at] !== true)
    return missing.length === 0 ? true : undefined
  }
  const reason = (): string =>
    `search does not show ${missing.length} of ${titles.length} titles, e.g. ${missing[0]?.title}` +
    ' (./maru logs search)'
  await waitFor(look, { deadlineMs: searchableWithinMs, reason })
}

const page = z.object({
  items: z.array(title.extend({ version: z.number() })),
  next: z.string().nullable(),
})
const written = z.object({ id: z.string(), version: z.number() })
type Kept = z.infer<typeof page>['items'][number]

async function everyTitle(gateway: Gateway): Promise<ReadonlyMap<string, Kept>> {
  const all = new Map<string, Kept>()
  let cursor: string | null = ''
  while (cursor !== null) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { body } = await gateway.send(`GET /catalog?size=${pageSize}${after}`, {
      schema: page,
    })
    for (const one of body.items) all.set(one.id, one)
    cursor = body.next
  }
  return all
}

const same = (one: Title, kept: Kept | undefined): boolean =>
  kept !== undefined &&
  one.title === kept.title &&
  one.author === kept.author &&
  one.desc === kept.desc &&
  one.tags.join('\n') === kept.tags.join('\n')
