import { createHash } from 'node:crypto'
import type { Context } from '../../kit/context.ts'
import { kafka, type Received } from '../../kit/kafka.ts'
import { postgres, statement, type Postgres } from '../../kit/postgres.ts'
import { bench, type Servers } from '../../kit/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { service as declare } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import type { Topology } from '../../model/topology.ts'
import { readCatalog, writeCatalog } from '../scopes.ts'
import { titles } from '../stores.ts'
import { catalogUpsert, type CatalogChange } from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'

/** Kafka and Postgres for one test file. */
interface TestServers {
  readonly servers: Servers
  stop(): Promise<void>
}

/** A running catalogue for one test file, with its database and what it published. */
export async function catalogBench(all: Topology, tested: TestServers) {
  const place = await bench(all, tested.servers)
  const opened: Postgres[] = []
  const { url, admin } = await place.start(service, async (context) => {
    opened.push(await postgres(context, titles))
    return start(context)
  })
  const [database] = opened
  if (!database) throw new Error('The catalogue started without its database.')
  const published: Received<CatalogChange>[] = []
  await place.start(reader, (context) => listen(context, published))

  const send = async (line: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [method = '', path = ''] = line.split(' ')
    const token = await place.bearer(readCatalog, writeCatalog)
    const known = { ...token, 'content-type': 'application/json', ...headers }
    const json = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(url + path, { method, headers: known, ...json })
    const text = await answer.text()
    // Every answer of the catalogue is an object, or there is none.
    const parsed = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    return { status: answer.status, body: parsed, headers: answer.headers }
  }

  return {
    place,
    database,
    send,
    upsert: (body: object, headers?: Record<string, string>) =>
      send('POST /catalog/upsert', body, headers),
    /** As `upsert`, again while all connections are taken: 50 at once are more than the pool holds. */
    upsertPatiently: async (body: object) => {
      for (;;) {
        const answer = await send('POST /catalog/upsert', body)
        if (answer.body['code'] !== 'DATABASE_UNAVAILABLE') return answer
      }
    },
    metrics: async () => (await fetch(`${admin}/metrics`)).text(),
    rows: <Row>(text: string, ...values: unknown[]): Promise<Row[]> =>
      database.query<Row>(statement(nameOf(text), text), values),
    /** What Kafka holds of a title, once it has `count` changes of it. */
    changesOf: (id: string, count: number) => changesOf(published, id, count),
    stop: async () => {
      await place.stop()
      await tested.stop()
    },
  }
}

export type CatalogBench = Awaited<ReturnType<typeof catalogBench>>

/** Reads what the catalogue tells the others. */
const reader = declare({
  name: 'catalog-reader',
  product: 'webtoon',
  summary: 'Keeps every change that it sees.',
  port: 28001,
  consumes: [consume(catalogUpsert, 'catalog-reader')],
  slo: { availability: 99, latency: { p95Ms: 100 } },
})

async function listen(context: Context<typeof reader>, into: Received<CatalogChange>[]) {
  const [changes] = context.service.consumes
  await kafka(context).consume(changes, {
    batch: async ({ records }) => void into.push(...records),
  })
  return { url: '' }
}

async function changesOf(published: readonly Received<CatalogChange>[], id: string, count: number) {
  const found = (): CatalogChange[] =>
    published.map(({ value }) => value).filter((change) => change.id === id)
  await until(`${count} changes of ${id}`, () => found().length >= count, 60_000)
  return found()
}

/** Postgres cuts the names of statements at 63 bytes. */
const nameOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32)
