import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { readCatalog } from '../scopes.ts'
import service from './service.ts'
import { start } from './start.ts'
import { catalogBench, type CatalogBench } from './testing.ts'

let catalog: CatalogBench

test.before(async () => {
  catalog = await catalogBench(topology, await testServers('kafka', 'postgres'))
})

test.after.always(() => catalog?.stop())

interface Item {
  readonly version: number
  readonly change: string
  readonly subject: string
  readonly before: { title: string } | null
  readonly after: { title: string } | null
}

test.serial(
  'a title’s history names who changed what, latest first, also when it is gone',
  async (t) => {
    await catalog.upsert({ id: 'w-h1', title: '하나' })
    await catalog.upsert({ id: 'w-h1', title: '둘' })
    await catalog.send('DELETE /catalog/w-h1')
    const first = await catalog.send('GET /catalog/w-h1/history?size=2')
    t.is(first.status, 200)
    const items = first.body['items'] as Item[]
    t.deepEqual(
      items.map(({ version, change, subject }) => [version, change, subject]),
      [
        [3, 'deleted', 'bench'],
        [2, 'updated', 'bench'],
      ],
    )
    t.like(items[1], { before: { title: '하나' }, after: { title: '둘' } })
    t.is(first.body['next'], 2)
    const last = await catalog.send('GET /catalog/w-h1/history?size=2&before=2')
    t.like(last.body, { items: [{ version: 1, change: 'created', before: null }], next: null })
  },
)

test.serial('a history that nobody has or may see is refused', async (t) => {
  t.is((await catalog.send('GET /catalog/w-none/history')).status, 404)
  t.is((await catalog.send('GET /catalog/w-h1/history?before=0')).status, 400)
  const reading = await catalog.place.bearer(readCatalog)
  t.is((await catalog.send('GET /catalog/w-h1/history', undefined, reading)).status, 403)
})

test.serial(
  'what is old goes: the words of a deleted title, and its trail; versions go on rising',
  async (t) => {
    for (const id of ['w-r1', 'w-r2']) await catalog.upsert({ id, title: '비밀', desc: '본문' })
    await catalog.send('DELETE /catalog/w-r1')
    await catalog.send('DELETE /catalog/w-r2')
    await catalog.rows(
      `update catalog set deleted_at = now() - interval '31 days' where id = 'w-r1'`,
    )
    await catalog.rows(
      `update catalog_audit set at = now() - interval '366 days' where id = 'w-r1'`,
    )
    await catalog.place.start(service, start, { replica: 2 })
    type Row = { title: string; desc: string | null; version: number }
    const row = async (id: string): Promise<Row | undefined> =>
      (await catalog.rows<Row>('select title, "desc", version from catalog where id = $1', id))[0]
    await until('the words to go', async () => (await row('w-r1'))?.title === '-')
    t.deepEqual(await row('w-r1'), { title: '-', desc: null, version: 2 })
    t.like(await row('w-r2'), { title: '비밀', desc: '본문' })
    await until(
      'the trail to go',
      async () => (await catalog.send('GET /catalog/w-r1/history')).status === 404,
    )
    t.is(((await catalog.send('GET /catalog/w-r2/history')).body['items'] as Item[]).length, 2)
    t.is((await catalog.upsert({ id: 'w-r1', title: '다시' })).body['version'], 3)
  },
)
