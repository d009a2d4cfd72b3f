import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import catalog from '../catalog/service.ts'
import { start as startCatalog } from '../catalog/start.ts'
import { readCatalog, writeCatalog } from '../scopes.ts'
import service from './service.ts'
import { searchBench, type SearchBench } from './testing.ts'

let search: SearchBench
let catalogUrl = ''

test.before(async (t) => {
  t.timeout(180_000)
  const tested = await testServers('kafka', 'postgres', 'opensearch')
  search = await searchBench(topology, tested, async (place) => {
    catalogUrl = (await place.start(catalog, startCatalog)).url
  })
  await Promise.all(Array.from({ length: 250 }, (_, at) => upsert(`w-${at}`, '처음')))
  await settled()
})

test.after.always(() => search?.stop())

async function send(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const headers = {
    ...(await search.place.bearer(readCatalog, writeCatalog)),
    'content-type': 'application/json',
  }
  const json = body === undefined ? {} : { body: JSON.stringify(body) }
  const answer = await fetch(catalogUrl + path, { method, headers, ...json })
  return (await answer.json()) as Record<string, unknown>
}

const upsert = async (id: string, title: string): Promise<void> => {
  // 250 at once are more than the pool holds.
  while ((await send('POST', '/catalog/upsert', { id, title }))['code'] !== undefined);
}

/** Every change is in the index, and findable. */
async function settled(): Promise<void> {
  await until('the outbox', async () => (await versionsInIndex()).size > 0, 60_000)
  await until(
    'index and catalogue to agree',
    async () => {
      await search.openSearch('POST', '/_refresh')
      const [held, wanted] = [await versionsInIndex(), await versionsInCatalogue()]
      return held.size === wanted.size && [...wanted].every(([id, at]) => held.get(id) === at)
    },
    60_000,
  )
}

async function versionsInCatalogue(): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = (await send(
      'GET',
      `/catalog?size=100${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )) as unknown as { items: { id: string; version: number }[]; next: string | null }
    for (const { id, version } of page.items) found.set(id, version)
    cursor = page.next
  }
  return found
}

async function versionsInIndex(): Promise<ReadonlyMap<string, number>> {
  const answer = await search.openSearch('POST', '/_search', {
    size: 10_000,
    query: { term: { deleted: false } },
  })
  const { hits } = (answer['hits'] ?? { hits: [] }) as {
    hits: { _id: string; _source: { version: number } }[]
  }
  return new Map(hits.map(({ _id, _source }) => [_id, _source.version]))
}

/** Indexes that readers' alias names. */
const read = async (): Promise<string[]> =>
  Object.keys(await search.openSearch('GET', '/_alias')).map((name) =>
    name.slice(search.place.prefix.length),
  )

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

/** `main.ts reindex`; `killAt` ends it with SIGKILL when its log says so. */
async function reindex(killAt?: RegExp): Promise<{ code: number | null; said: string }> {
  const env = await search.place.environment(service, { replica: 9, env: { LOG_LEVEL: 'info' } })
  const task: ChildProcess = spawn(process.execPath, [main, 'reindex'], {
    env: { ...process.env, ...env },
  })
  let said = ''
  const hear = (chunk: Buffer): void => {
    said += chunk.toString()
    if (killAt?.test(said)) task.kill('SIGKILL')
  }
  task.stdout?.on('data', hear)
  task.stderr?.on('data', hear)
  const [code] = (await once(task, 'exit')) as [number | null]
  return { code, said }
}

/** Readers and writers for as long as `work` takes; answers what readers were told of a title that is never touched. */
async function meanwhile(work: () => Promise<void>): Promise<readonly string[]> {
  const told: string[] = []
  let stopped = false
  const reading = async (): Promise<void> => {
    while (!stopped) {
      const { status, body } = await search.get(`/search?q=${encodeURIComponent('변함없는')}`)
      told.push(`${status} ${(body as { total?: number }).total}`)
      await delay(20)
    }
  }
  const writing = async (): Promise<void> => {
    for (let at = 0; !stopped; at += 1) {
      await upsert(`w-${at % 250}`, `바뀐 제목 ${at}`)
      if (at % 5 === 0) await send('DELETE', `/catalog/w-${(at * 7) % 250}`)
    }
  }
  const running = [reading(), writing()]
  await work().finally(() => (stopped = true))
  await Promise.all(running)
  return told
}

test.serial(
  'under writes no title is missing at any moment, and all are there in the end',
  async (t) => {
    t.timeout(180_000)
    await upsert('w-anchor', '변함없는')
    await settled()
    const told = await meanwhile(async () => {
      for (const round of [1, 2]) {
        const { code, said } = await reindex()
        t.is(code, 0, `${round}: ${said}`)
      }
    })
    // On a machine that is busy with other tests a reader's second may pass; whoever is answered sees the title.
    const answered = told.filter((one) => !one.startsWith('503'))
    t.true(answered.length > 20 && answered.length > told.length * 0.9, told.join(', '))
    t.deepEqual([...new Set(answered)], ['200 1'])
    await settled()
    t.deepEqual(await read(), ['catalog_v3'])
  },
)

test.serial('what was deleted stays deleted, also for changes that come late', async (t) => {
  await upsert('w-dead', '유령')
  await upsert('w-dead', '유령')
  await settled()
  await send('DELETE', '/catalog/w-dead')
  await settled()
  t.is((await reindex()).code, 0)
  await search.index({ id: 'w-dead', version: 2, updatedAt: 1, title: '유령' })
  t.is((await search.found({ q: '유령' })).total, 0)
})

for (const [when, line] of [
  ['at its beginning', /reindex begins/],
  ['while it fills', /brought into the index/],
] as const) {
  test.serial(`a reindex that is killed ${when} is begun anew by the next`, async (t) => {
    t.timeout(120_000)
    const before = await read()
    await upsert('w-more', `더 ${when}`)
    t.is((await reindex(line)).code, null)
    t.deepEqual(await read(), before)
    await abandoned(t)
    const { code, said } = await reindex()
    t.is(code, 0, said)
    t.notDeepEqual(await read(), before)
    t.is((await read()).length, 1)
    await settled()
  })
}

/** Whoever filled was killed long ago. Until then the next one is refused. */
async function abandoned(t: ExecutionContext): Promise<void> {
  const labelled = Object.keys(await search.openSearch('GET', '_write/_alias'))
  const seen = (await read()).map((name) => search.place.prefix + name)
  const begun = labelled.find((name) => !seen.includes(name)) ?? ''
  const suffix = begun.slice(`${search.place.prefix}catalog`.length)
  const mapping = await search.openSearch('GET', `${suffix}/_mapping`)
  const { _meta } = (mapping[begun] as { mappings: { _meta: { at: number } } }).mappings
  if (_meta.at > 0) t.regex((await reindex()).said, /was filling .* s ago/)
  await search.openSearch('PUT', `${suffix}/_mapping`, { _meta: { ..._meta, at: 0 } })
}

test.serial('an index that was lost comes back whole, without a hand', async (t) => {
  t.timeout(120_000)
  const [lost = ''] = await read()
  await search.openSearch('DELETE', lost.slice('catalog'.length))
  await settled()
  t.is((await read()).length, 1)
  t.is((await search.found({ q: '변함없는' })).total, 1)
})
