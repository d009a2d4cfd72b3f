import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import type { CatalogChange } from '../topics.ts'
import { searchBench, type SearchBench } from './testing.ts'

let search: SearchBench

test.before(async () => {
  search = await searchBench(topology, await testServers('kafka', 'opensearch'))
})

test.after.always(() => search?.stop())

const change = (id: string, version: number, title = `제목 ${version}`): CatalogChange => ({
  id,
  version,
  updatedAt: 1_700_000_000_000 + version,
  title,
})

const gone = (id: string, version: number): CatalogChange => ({
  id,
  version,
  updatedAt: 1_700_000_000_000 + version,
  deleted: true,
})

const versionOf = async (id: string): Promise<unknown> => {
  const { _source } = await search.openSearch('GET', `_v1/_doc/${id}`)
  return (_source as { version?: number } | undefined)?.version
}

const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item)

test.serial('in whatever order versions come, the highest is in the index', async (t) => {
  const ids = Array.from({ length: 200 }, (_, at) => `w-p${at}`)
  const all = ids.flatMap((id) => Array.from({ length: 10 }, (_, at) => change(id, at + 1)))
  await search.index(...shuffled([...all, ...all]))
  const answer = await search.openSearch('POST', '/_search', {
    size: 1000,
    query: { prefix: { id: 'w-p' } },
  })
  const { hits } = answer['hits'] as { hits: { _source: CatalogChange }[] }
  t.is(hits.length, 200)
  t.true(hits.every(({ _source }) => _source.version === 10 && _source.title === '제목 10'))
  t.is(
    (await search.metric('search_indexed_total')) + (await search.metric('search_stale_total')),
    4000,
  )
  t.true((await search.metric('search_stale_total')) >= 2000)
  t.true((await search.metric('search_index_latency_seconds_bucket')) >= 0)
})

test.serial('an update that comes after its deletion does not raise the dead', async (t) => {
  await search.index(change('w-d1', 3, '무덤'))
  await search.index(gone('w-d1', 5))
  await search.index(change('w-d1', 4, '무덤'))
  t.is((await search.found({ q: '무덤' })).total, 0)
  t.is(await versionOf('w-d1'), 5)
})

test.serial('a title that was created again can be found again', async (t) => {
  await search.index(change('w-d2', 1, '부활'), gone('w-d2', 2), change('w-d2', 3, '부활'))
  t.like(await search.found({ q: '부활' }), { total: 1, results: [{ id: 'w-d2', version: 3 }] })
})

test.serial('what the index refuses is a dead letter at once, and the rest goes on', async (t) => {
  const poison = { ...change('w-x1', 1, '독'), tags: ['x'.repeat(40_000)] }
  await search.index(poison, change('w-x1', 2, '약'), change('w-x2', 1, '물'))
  t.is((await search.found({ q: '약' })).total, 1)
  t.is((await search.found({ q: '물' })).total, 1)
  await until('the dead letter', () => search.letters.length > 0, 60_000)
  const [letter] = search.letters
  t.is(letter?.key, 'w-x1')
  t.deepEqual(JSON.parse(String(letter?.raw)), poison)
  t.regex(JSON.stringify(letter?.headers), /illegal_argument_exception/)
  t.is(await search.metric('search_index_failure_total'), 1)
  t.true((await search.metric('search_index_errors_total')) >= 1)
})

/** What OpenSearch does when its disk is nearly full: every write is answered with 429. */
const block = (on: boolean) =>
  search.openSearch('PUT', '/_settings', { 'index.blocks.read_only_allow_delete': on || null })

test.serial('a change that the index is too busy for is tried again', async (t) => {
  const before = await search.metric('search_index_errors_total')
  await block(true)
  await search.publish(change('w-y1', 1, '인내'))
  await until(
    'the failure',
    async () => (await search.metric('search_index_errors_total')) > before,
    60_000,
  )
  await block(false)
  await search.index()
  t.is((await search.found({ q: '인내' })).total, 1)
  t.is(await search.metric('search_index_failure_total'), 1)
})

test.serial('after four attempts in 7 s it is a dead letter', async (t) => {
  const known = search.letters.length
  await block(true)
  const began = performance.now()
  await search.publish(change('w-y2', 1, '포기'))
  await until('the dead letter', () => search.letters.length > known, 60_000)
  await block(false)
  t.true(performance.now() - began > 6900)
  const letter = search.letters.at(-1)
  t.is(letter?.key, 'w-y2')
  t.true(Object.values(letter?.headers ?? {}).includes('4'))
  await search.index(change('w-y2', 2, '다시'))
  t.is((await search.found({ q: '다시' })).total, 1)
})

test.serial(
  'while the index is closed for writing changes wait, and none is a dead letter',
  async (t) => {
    const known = search.letters.length
    await search.openSearch('PUT', '/_settings', { 'index.blocks.write': true })
    await search.publish(change('w-z1', 1, '기다림'))
    await t.throwsAsync(search.place.drained(3000))
    await search.openSearch('PUT', '/_settings', { 'index.blocks.write': null })
    await search.index()
    t.is((await search.found({ q: '기다림' })).total, 1)
    t.is(search.letters.length, known)
  },
)

test.serial('while a second index carries the label, both are written', async (t) => {
  const [mappings, name] = [
    { properties: { id: { type: 'keyword' } } },
    `${search.place.prefix}catalog`,
  ]
  await search.openSearch('PUT', '_v2', { mappings, aliases: { [`${name}_write`]: {} } })
  await search.index(change('w-v1', 1, '둘'))
  t.is((await search.found({ q: '둘' })).total, 1)
  const { _source } = await search.openSearch('GET', '_v2/_doc/w-v1')
  t.like(_source, { id: 'w-v1', version: 1 })
})

test.serial('an index that somebody makes by hand is one of titles too', async (t) => {
  await search.openSearch('PUT', '_v77')
  const definition = async (name: string) => {
    const answer = await search.openSearch('GET', name)
    const [found] = Object.values(answer) as {
      mappings: { dynamic: string; properties: object }
      settings: { index: { analysis: object } }
    }[]
    return [found?.mappings.dynamic, found?.mappings.properties, found?.settings.index.analysis]
  }
  t.deepEqual(await definition('_v77'), await definition('_v1'))
  t.is((await definition('_v77'))[0], 'strict')
  await search.openSearch('DELETE', '_v77')
})
