import test from 'ava'
import { addressOf, ownServer, testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { readCatalog } from '../scopes.ts'
import { realTitles, searchBench, type SearchBench } from './testing.ts'

let tested: Awaited<ReturnType<typeof testServers>>
let search: SearchBench
/** In a title with markup, so that highlights have something to escape. */
const dangerous = '<em>굵은</em> & <script>alert("마루")</script>'

test.before(async () => {
  tested = await testServers('kafka', 'opensearch')
  search = await searchBench(topology, tested)
  const titles = await realTitles()
  await search.index(...titles, { id: 'w-900', version: 1, updatedAt: 1, title: dangerous })
})

test.after.always(() => search?.stop())

const titlesFor = async (query: Record<string, string>): Promise<string[]> =>
  (await search.found(query)).results.map(({ title }) => title)

test.serial('Korean words find the titles that readers mean', async (t) => {
  const wanted: Record<string, string> = {
    레벨: '나 혼자만 레벨업',
    레벨업: '나 혼자만 레벨업',
    나혼자만레벨업: '나 혼자만 레벨업',
    강림: '여신강림',
    여신: '여신강림',
    여신이: '여신강림',
    '독자 시점': '전지적 독자 시점',
    전지: '전지적 독자 시점',
    신의: '신의 탑',
    SIU: '신의 탑',
    '추공 레벨업': '나 혼자만 레벨업',
  }
  for (const [q, title] of Object.entries(wanted)) t.is((await titlesFor({ q }))[0], title, q)
})

test.serial('synonyms, authors and tags find titles too', async (t) => {
  t.true((await titlesFor({ q: '사랑', size: '50' })).includes('연애혁명'))
  t.true((await titlesFor({ q: '스쿨', size: '50' })).includes('여신강림'))
  t.deepEqual((await titlesFor({ q: '강풀 로맨스' })).sort(), ['그대를 사랑합니다', '순정만화'])
  t.is((await search.found({ q: '강풀' })).total, 9)
})

test.serial('a question in NFD finds what is stored in NFC', async (t) => {
  t.deepEqual(await titlesFor({ q: '여신강림'.normalize('NFD') }), ['여신강림'])
})

test.serial('tags are exact and all of them must be there', async (t) => {
  const { total, results } = await search.found({ q: '액션', tags: '학원, 드라마', size: '50' })
  t.is(total, results.length)
  t.true(results.some(({ title }) => title === '외모지상주의'))
  t.true(results.every(({ tags }) => tags.includes('학원') && tags.includes('드라마')))
  t.is((await search.found({ q: '액션', tags: '학' })).total, 0)
})

test.serial(
  'results are sorted by title or time, up or down, and paged with an exact total',
  async (t) => {
    const byTitle = await titlesFor({ q: '드라마', sort: 'title', order: 'asc', size: '100' })
    t.deepEqual(byTitle, [...byTitle].sort())
    const query = { q: '드라마', sort: 'updatedAt', size: '3' }
    const first = await search.found(query)
    const second = await search.found({ ...query, from: '3' })
    const times = [...first.results, ...second.results].map(({ updatedAt }) => updatedAt)
    t.deepEqual(
      times,
      [...times].sort((one, other) => other - one),
    )
    t.is(first.total, byTitle.length)
    t.is(new Set(times).size, 6)
  },
)

test.serial(
  'a cursor leads through all results, whatever sorts them, and fits its question only',
  async (t) => {
    for (const sort of ['_score', 'title', 'updatedAt']) {
      const question = { q: '드라마', sort, size: '4' }
      const whole = (await search.found({ ...question, size: '100' })).results.map(({ id }) => id)
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = await search.found({ ...question, ...(cursor !== '' && { cursor }) })
        t.is(page.total, whole.length)
        seen.push(...page.results.map(({ id }) => id))
        cursor = page.next
      }
      t.deepEqual(seen, whole, sort)
    }
    const { next } = await search.found({ q: '드라마', size: '1' })
    const wrong = { q: '액션', size: '1', cursor: next ?? '' }
    for (const query of [
      wrong,
      { ...wrong, q: '드라마', cursor: 'WyJ4Il0' },
      { ...wrong, q: '드라마', from: '1' },
    ]) {
      const { status, body } = await search.get(`/search?${new URLSearchParams(query)}`)
      t.is(status, 400)
      t.like(body, { code: 'VALIDATION_ERROR', errors: [{ field: 'query.cursor' }] })
    }
  },
)

test.serial('a highlight marks what was found and is safe HTML', async (t) => {
  const [found] = (await search.found({ q: '굵은', highlight: 'true' })).results
  t.is(found?.title, dangerous)
  const [marked = ''] = found?.highlight?.title ?? []
  t.true(marked.includes('<em>굵</em>') || marked.includes('<em>굵은</em>'), marked)
  t.true(marked.includes('&lt;em&gt;') && marked.includes('&lt;script&gt;'), marked)
  t.false(marked.includes('<script>'))
  const [prefix] = (await search.found({ q: '전지', highlight: 'true' })).results
  t.deepEqual(prefix?.highlight?.title, ['<em>전지</em>적 독자 시점'])
  const [word] = (await search.found({ q: '레벨업', highlight: 'true' })).results
  t.deepEqual(word?.highlight?.title, ['나 혼자만 <em>레벨업</em>'])
  t.is((await search.found({ q: '전지' })).results[0]?.highlight, undefined)
})

test.serial('a result has every field of the contract', async (t) => {
  const { results } = await search.found({ q: '신의 탑' })
  const { _score, ...rest } = results[0] as unknown as Record<string, unknown>
  t.true(typeof _score === 'number' && _score > 0)
  t.deepEqual(rest, {
    id: 'w-002',
    title: '신의 탑',
    author: 'SIU',
    desc: '모든 것을 바라는 자는 탑을 오른다',
    tags: ['판타지', '액션'],
    updatedAt: 1_700_000_000_001,
    version: 1,
  })
})

test.serial(
  'nothing in a question is an operator, and nothing makes an error of ours',
  async (t) => {
    const nothing = [
      '"',
      '*:*',
      'a AND (',
      'title:*',
      '{"match_all":{}}',
      '[* TO *]',
      '/.*/',
      '여신 OR 신',
      '\\',
    ]
    for (const q of nothing) t.is((await search.found({ q })).total, 0, q)
    for (const q of ['', ' ', 'a\u0000b', '가'.repeat(201), 'x'.repeat(10_000)]) {
      const { status } = await search.get(`/search?${new URLSearchParams({ q })}`)
      t.is(status, 400, q.slice(0, 10))
    }
    t.is((await search.found({ q: '가나 '.repeat(66) })).total, 0)
    const { status } = await search.get('/search?q=%ff%fe')
    t.true(status < 500)
  },
)

test.serial('parameters out of their range are 400', async (t) => {
  const wrong = [
    'sort=author',
    'order=up',
    'size=0',
    'size=101',
    'size=1e6',
    'size=x',
    'from=-1',
    'from=9991',
    'from=10001&size=1',
    'highlight=maybe',
    'q=a',
  ]
  for (const one of wrong) t.is((await search.get(`/search?q=a&${one}`)).status, 400, one)
  t.is((await search.get('/search')).status, 400)
  t.is((await search.get('/search?q=a&from=9990')).status, 200)
})

test.serial('suggestions begin like the question; titles of a tag come latest first', async (t) => {
  const suggest = await search.get(`/search/suggest?q=${encodeURIComponent('신')}`)
  t.deepEqual((suggest.body as string[]).sort(), ['신과함께', '신의 탑'])
  const { body } = await search.get(`/search/by-tag/${encodeURIComponent('게임')}?size=2`)
  t.deepEqual(
    (body as { title: string }[]).map(({ title }) => title),
    ['달빛조각사', '템빨'],
  )
  for (const path of ['/search/suggest', '/search/suggest?q=a&size=0', '/search/by-tag/a?size=101'])
    t.is((await search.get(path)).status, 400, path)
})

test.serial('without a token it is 401, with another scope 403', async (t) => {
  const other = await search.place.bearer(readCatalog)
  for (const path of ['/search?q=a', '/search/suggest?q=a', '/search/by-tag/a']) {
    t.is((await search.get(path, {})).status, 401, path)
    t.is((await search.get(path, other)).status, 403, path)
  }
})

test.serial(
  'without an index it answers nothing, without OpenSearch 503 at once, and no change is lost',
  async (t) => {
    const server = await ownServer('opensearch')
    const servers = { ...tested.servers, ...addressOf('opensearch', server) }
    const other = await searchBench(topology, { servers, stop: () => server.stop() })
    t.teardown(other.stop)
    await other.openSearch('DELETE', '_v1')
    t.like(await other.get('/search?q=a'), { status: 200, body: { total: 0, results: [] } })

    server.kill('SIGSTOP')
    const began = performance.now()
    const answer = await other.get('/search?q=a')
    t.is(answer.status, 503)
    t.true(performance.now() - began < 2000)
    t.is(answer.headers.get('retry-after'), '1')
    t.is((await fetch(`${other.admin}/readyz`)).status, 503)
    await other.publish({ id: 'w-1', version: 1, updatedAt: 1, title: '재시작' })
    await t.throwsAsync(other.place.drained(2000))

    await server.crash()
    await server.restart()
    await other.index()
    // A server that has just started may take longer for its first answer than a reader is kept waiting.
    await until('the change', async () => (await other.found({ q: '재시작' })).total === 1)
    t.is(await other.metric('search_index_failure_total'), 0)
  },
)
