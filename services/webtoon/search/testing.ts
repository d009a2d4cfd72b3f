import { readFile } from 'node:fs/promises'
import type { Context } from '../../kit/context.ts'
import { kafka, type Publisher, type Received } from '../../kit/kafka.ts'
import { bench, type Bench, type Servers } from '../../kit/testing.ts'
import { service as declare } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import type { Topology } from '../../model/topology.ts'
import { readSearch } from '../scopes.ts'
import { catalogDeadLetters, catalogUpsert, type CatalogChange } from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'

/** Kafka and OpenSearch for one test file. */
interface TestServers {
  readonly servers: Servers
  stop(): Promise<void>
}

/**
 * A running search for one test file, with somebody who publishes changes and reads the dead letters.
 * @param before starts what the search calls
 */
export async function searchBench(
  all: Topology,
  tested: TestServers,
  before: (place: Bench) => Promise<unknown> = async () => undefined,
) {
  const place = await bench(all, tested.servers)
  await before(place)
  const publishers: Publisher[] = []
  const letters: Received<unknown>[] = []
  await place.start(writer, async (context) => {
    publishers.push(await kafka(context).publisher())
    return { url: '' }
  })
  await place.start(reader, (context) => listen(context, letters))
  const { url, admin } = await place.start(service, start)

  const publish = async (...changes: readonly CatalogChange[]): Promise<void> => {
    const sent = changes.map((value) =>
      publishers[0]?.publish(catalogUpsert, { key: value.id, value }),
    )
    await Promise.all(sent)
  }
  const { host, port } = tested.servers.opensearch ?? { host: '127.0.0.1', port: 1 }
  const openSearch = async (method: string, path: string, body?: object) => {
    const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const answer = await fetch(`http://${host}:${port}/${place.prefix}catalog${path}`, {
      method,
      ...(body && json),
    })
    return (await answer.json()) as Record<string, unknown>
  }
  const get = async (path: string, headers?: Record<string, string>) => {
    const answer = await fetch(url + path, { headers: headers ?? (await place.bearer(readSearch)) })
    const body: unknown = await answer.json()
    return { status: answer.status, body, headers: answer.headers }
  }

  return {
    place,
    admin,
    letters,
    publish,
    openSearch,
    get,
    /** Publishes and waits until all of it can be found. */
    index: async (...changes: readonly CatalogChange[]) => {
      await publish(...changes)
      await place.drained(60_000)
      await openSearch('POST', '/_refresh')
    },
    found: async (query: Readonly<Record<string, string>>) => {
      const { body } = await get(`/search?${new URLSearchParams(query)}`)
      return body as { total: number; results: Found[]; next: string | null }
    },
    metric: async (name: string): Promise<number> => {
      const text = await (await fetch(`${admin}/metrics`)).text()
      return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1] ?? NaN)
    },
    stop: async () => {
      await place.stop()
      await tested.stop()
    },
  }
}

export type SearchBench = Awaited<ReturnType<typeof searchBench>>

export interface Found {
  readonly id: string
  readonly title: string
  readonly version: number
  readonly tags: readonly string[]
  readonly updatedAt: number
  readonly highlight?: { readonly title?: string[]; readonly desc?: string[] }
}

/** The 73 titles of the product as their first versions. */
export async function realTitles(): Promise<CatalogChange[]> {
  const text = await readFile(new URL('../titles.ndjson', import.meta.url), 'utf8')
  const titles = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; title: string })
  return titles.map((title, at) => ({ ...title, version: 1, updatedAt: 1_700_000_000_000 + at }))
}

const outside = { product: 'webtoon', slo: { availability: 99, latency: { p95Ms: 100 } } } as const

const writer = declare({
  ...outside,
  name: 'search-writer',
  summary: 'Publishes changes as the catalogue would.',
  port: 28002,
  publishes: [catalogUpsert],
})

const reader = declare({
  ...outside,
  name: 'search-reader',
  summary: 'Reads the dead letters of the index.',
  port: 28003,
  consumes: [consume(catalogDeadLetters, 'search-reader')],
})

async function listen(context: Context<typeof reader>, into: Received<unknown>[]) {
  const [letters] = context.service.consumes
  await kafka(context).consume(letters, {
    batch: async ({ records }) => void into.push(...records),
  })
  return { url: '' }
}
