import test from 'ava'
import { addressOf, ownServer, testServers } from '../../../infra/local/engines/testing.ts'
import { bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import { readCatalog, readSearch, writeCatalog } from '../scopes.ts'
import service from './service.ts'
import { start } from './start.ts'
import { catalogBench, type CatalogBench } from './testing.ts'

let catalog: CatalogBench

test.before(async () => {
  catalog = await catalogBench(topology, await testServers('kafka', 'postgres'))
})

test.after.always(() => catalog?.stop())

test.serial('a title that was written can be read, with its version as ETag', async (t) => {
  const written = await catalog.upsert({
    id: 'w-a1',
    title: '여신강림',
    author: '야옹이',
    tags: ['로맨스', '학원'],
  })
  t.like(written, { status: 200, body: { id: 'w-a1', version: 1 } })
  t.is(written.headers.get('etag'), '"1"')

  const read = await catalog.send('GET /catalog/w-a1')
  t.is(read.status, 200)
  t.is(read.headers.get('etag'), '"1"')
  const { updatedAt, ...rest } = read.body
  t.regex(String(updatedAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.deepEqual(rest, {
    id: 'w-a1',
    title: '여신강림',
    author: '야옹이',
    desc: '',
    tags: ['로맨스', '학원'],
    version: 1,
  })
  t.is((await catalog.send('GET /catalog/w-a1', undefined, { 'if-none-match': '"1"' })).status, 304)
  t.is((await catalog.send('GET /catalog/w-a1', undefined, { 'if-none-match': '"2"' })).status, 200)
})

test.serial('each upsert is a new version and replaces all of the title', async (t) => {
  await catalog.upsert({
    id: 'w-a2',
    title: '신의 탑',
    author: 'SIU',
    desc: '탑을 오른다',
    tags: ['판타지'],
  })
  t.is((await catalog.upsert({ id: 'w-a2', title: '신의 탑' })).body['version'], 2)
  const { body } = await catalog.send('GET /catalog/w-a2')
  t.like(body, { title: '신의 탑', author: '', desc: '', tags: [], version: 2 })
})

test.serial('what is wrong in a title is named by its field', async (t) => {
  const good = { id: 'w-a3', title: '미생' }
  const cases: [object, string][] = [
    [{ title: '미생' }, 'body.id'],
    [{ ...good, id: 'x-1' }, 'body.id'],
    [{ id: 'w-a3' }, 'body.title'],
    [{ ...good, title: '  ' }, 'body.title'],
    [{ ...good, title: '가'.repeat(256) }, 'body.title'],
    [{ ...good, title: 'a\u0000b' }, 'body.title'],
    [{ ...good, title: 'a\nb' }, 'body.title'],
    [{ ...good, title: '\ud800' }, 'body.title'],
    [{ ...good, author: '가'.repeat(101) }, 'body.author'],
    [{ ...good, desc: '가'.repeat(2001) }, 'body.desc'],
    [{ ...good, desc: 'a\u0007b' }, 'body.desc'],
    [{ ...good, tags: ['a', 'a'] }, 'body.tags'],
    [{ ...good, tags: Array.from({ length: 21 }, String) }, 'body.tags'],
    [{ ...good, tags: [''] }, 'body.tags.0'],
    [{ ...good, tags: 'a' }, 'body.tags'],
    [{ ...good, version: 1.5 }, 'body.version'],
    [{ ...good, version: '1' }, 'body.version'],
  ]
  for (const [body, field] of cases) {
    const answer = await catalog.upsert(body)
    t.like(answer, { status: 400, body: { code: 'VALIDATION_ERROR' } }, field)
    t.is((answer.body['errors'] as { field: string }[])[0]?.field, field, JSON.stringify(body))
  }
  t.is((await catalog.send('GET /catalog/w-a3')).status, 404)
})

test.serial('text is kept in NFC and may have line breaks in its description only', async (t) => {
  const title = '여신강림'
  await catalog.upsert({ id: 'w-a4', title: title.normalize('NFD'), desc: '첫 줄\n둘째 줄' })
  t.like((await catalog.send('GET /catalog/w-a4')).body, { title, desc: '첫 줄\n둘째 줄' })
})

test.serial(
  'without a token it is 401, with another scope 403, and nothing is written',
  async (t) => {
    const body = { id: 'w-a5', title: '미생' }
    const calls: [string, object | undefined][] = [
      ['POST /catalog/upsert', body],
      ['GET /catalog', undefined],
      ['GET /catalog/w-a5', undefined],
      ['DELETE /catalog/w-a5', undefined],
    ]
    const reading = await catalog.place.bearer(readCatalog)
    for (const [line, sent] of calls) {
      t.is((await catalog.send(line, sent, { authorization: '' })).status, 401, line)
      const other = line.startsWith('GET')
        ? await catalog.place.bearer(readSearch, writeCatalog)
        : reading
      t.is((await catalog.send(line, sent, other)).status, 403, line)
    }
    t.is((await catalog.send('GET /catalog/w-a5')).status, 404)
  },
)

test.serial('a stale If-Match is 412 and a stale version 409 with the current one', async (t) => {
  await catalog.upsert({ id: 'w-a6', title: '미생' })
  await catalog.upsert({ id: 'w-a6', title: '미생 2' }, { 'if-match': '"1"' })
  t.is((await catalog.upsert({ id: 'w-a6', title: 'x' }, { 'if-match': '"1"' })).status, 412)
  const conflict = await catalog.upsert({ id: 'w-a6', title: 'x', version: 1 })
  t.like(conflict, { status: 409, body: { code: 'VERSION_CONFLICT', currentVersion: 2 } })
  t.is((await catalog.send('DELETE /catalog/w-a6', undefined, { 'if-match': '"1"' })).status, 412)
  t.is((await catalog.upsert({ id: 'w-a6', title: '미생 3', version: 2 })).body['version'], 3)
})

test.serial('the list goes through all titles page by page, also of one tag', async (t) => {
  for (const at of [1, 2, 3])
    await catalog.upsert({ id: `w-list-${at}`, title: `쪽 ${at}`, tags: ['쪽'] })
  await catalog.upsert({ id: 'w-list-4', title: '지운 쪽', tags: ['쪽'] })
  await catalog.send('DELETE /catalog/w-list-4')
  const tag = encodeURIComponent('쪽')
  const first = await catalog.send(`GET /catalog?size=2&tag=${tag}`)
  t.deepEqual(first.body['next'], 'w-list-2')
  const second = await catalog.send(`GET /catalog?size=2&tag=${tag}&cursor=w-list-2`)
  t.like(second.body, { items: [{ id: 'w-list-3', title: '쪽 3' }], next: null })
  const all = (await catalog.send('GET /catalog?size=100')).body['items'] as { id: string }[]
  t.true(all.some(({ id }) => id === 'w-list-1'))
  t.false(all.some(({ id }) => id === 'w-list-4'))
  for (const wrong of ['size=0', 'size=101', 'size=x', 'cursor=x', 'tag='])
    t.is((await catalog.send(`GET /catalog?${wrong}`)).status, 400, wrong)
})

test.serial('changes and conflicts are counted', async (t) => {
  await catalog.upsert({ id: 'w-b3', title: '이끼' })
  await catalog.upsert({ id: 'w-b3', title: '이끼', version: 7 })
  const text = await catalog.metrics()
  t.regex(text, /catalog_changes_total\{[^}]*change="created"[^}]*\} [1-9]/)
  t.regex(text, /catalog_conflicts_total\{[^}]*reason="version"[^}]*\} [1-9]/)
  t.regex(text, /catalog_conflicts_total\{[^}]*reason="if_match"[^}]*\} \d/)
})

test.serial(
  'without Kafka it works, without Postgres it answers 503 at once, is not ready, and recovers',
  async (t) => {
    const server = await ownServer('postgres')
    const other = await bench(topology, { ...addressOf('postgres', server) })
    t.teardown(async () => {
      await other.stop()
      await server.stop()
    })
    const running = await other.start(service, start)
    const token = await other.bearer(readCatalog, writeCatalog)
    const headers = { ...token, 'content-type': 'application/json' }
    const get = () => fetch(`${running.url}/catalog/w-001`, { headers })
    const body = JSON.stringify({ id: 'w-001', title: '미생' })
    const write = () => fetch(`${running.url}/catalog/upsert`, { method: 'POST', headers, body })
    t.is((await write()).status, 200)
    t.is((await get()).status, 200)
    await server.crash()
    t.is((await write()).status, 503)
    const began = performance.now()
    const answer = await get()
    t.is(answer.status, 503)
    t.true(performance.now() - began < 2000)
    t.true(Number(answer.headers.get('retry-after')) <= 2)
    t.is((await fetch(`${running.admin}/readyz`)).status, 503)
    await server.restart()
    t.is((await get()).status, 200)
  },
)
