import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import type { Postgres } from '../../kit/postgres.ts'
import { topology } from '../../topology.ts'
import { upsertTitle } from './changes.ts'
import { catalogBench, type CatalogBench } from './testing.ts'

let catalog: CatalogBench

test.before(async () => {
  catalog = await catalogBench(topology, await testServers('kafka', 'postgres'))
})

test.after.always(() => catalog?.stop())

test.serial('of 50 parallel upserts with the same expected version exactly one wins', async (t) => {
  await catalog.upsert({ id: 'w-a7', title: '고수' })
  const tries = Array.from({ length: 50 }, (_, at) =>
    catalog.upsertPatiently({ id: 'w-a7', title: `고수 ${at}`, version: 1 }),
  )
  const answers = await Promise.all(tries)
  t.is(answers.filter(({ status }) => status === 200).length, 1)
  const refused = answers.filter(({ status }) => status === 409)
  t.is(refused.length, 49)
  t.true(refused.every(({ body }) => body['currentVersion'] === 2))
  t.deepEqual(
    (await catalog.changesOf('w-a7', 2)).map(({ version }) => version),
    [1, 2],
  )
})

test.serial(
  '50 parallel creations of one id all succeed, and audit and events are a chain without a gap',
  async (t) => {
    const tries = Array.from({ length: 50 }, (_, at) =>
      catalog.upsertPatiently({ id: 'w-a8', title: `무빙 ${at}` }),
    )
    const answers = await Promise.all(tries)
    t.true(answers.every(({ status }) => status === 200))
    const versions = Array.from({ length: 50 }, (_, at) => at + 1)
    type Audit = { version: number; change: string; before: object | null; after: object | null }
    const audit = await catalog.rows<Audit>(
      'select * from catalog_audit where id = $1 order by version',
      'w-a8',
    )
    t.deepEqual(
      audit.map(({ version }) => version),
      versions,
    )
    t.deepEqual(
      audit.map(({ change }) => change),
      ['created', ...Array(49).fill('updated')],
    )
    for (const [at, { before }] of audit.entries())
      t.deepEqual(before, audit[at - 1]?.after ?? null)
    t.deepEqual(
      (await catalog.changesOf('w-a8', 50)).map(({ version }) => version),
      versions,
    )
  },
)

test.serial('a deleted title leaves a tombstone, and the same id goes on counting', async (t) => {
  await catalog.upsert({ id: 'w-a9', title: '지옥', tags: ['스릴러'] })
  t.like(await catalog.send('DELETE /catalog/w-a9'), {
    status: 200,
    body: { id: 'w-a9', version: 2 },
  })
  t.like(await catalog.send('GET /catalog/w-a9'), {
    status: 404,
    body: { code: 'TITLE_NOT_FOUND' },
  })
  t.is((await catalog.send('DELETE /catalog/w-a9')).status, 404)
  t.is((await catalog.upsert({ id: 'w-a9', title: '지옥', version: 0 })).body['version'], 3)
  const changes = await catalog.changesOf('w-a9', 3)
  t.deepEqual(
    changes.map(({ version, deleted = false }) => [version, deleted]),
    [
      [1, false],
      [2, true],
      [3, false],
    ],
  )
  t.deepEqual(Object.keys(changes[1] ?? {}).sort(), ['deleted', 'id', 'updatedAt', 'version'])
  const kinds = await catalog.rows(
    'select change, subject from catalog_audit where id = $1 order by version',
    'w-a9',
  )
  const by = (change: string) => ({ change, subject: 'bench' })
  t.deepEqual(kinds, [by('created'), by('deleted'), by('created')])
})

test.serial('the event says what the row says', async (t) => {
  await catalog.upsert({
    id: 'w-b1',
    title: '타이밍',
    author: '강풀',
    tags: ['스릴러'],
    desc: '시간',
  })
  const [change] = await catalog.changesOf('w-b1', 1)
  const { body } = await catalog.send('GET /catalog/w-b1')
  t.deepEqual(
    { ...change, updatedAt: new Date(change?.updatedAt ?? 0).toISOString() },
    body as never,
  )
})

test.serial('a change that is rolled back leaves no row, no audit and no event', async (t) => {
  const crashing: Postgres = {
    ...catalog.database,
    transaction: (work) =>
      catalog.database.transaction(async (tx) => {
        await work(tx)
        throw new Error('the process died before the commit')
      }),
  }
  const actor = { subject: 'bench', clientId: 'bench' }
  const draft = { id: 'w-b2', title: '바보' }
  await t.throwsAsync(upsertTitle(crashing, draft, { expected: {}, actor }), { message: /died/ })
  t.is((await catalog.send('GET /catalog/w-b2')).status, 404)
  t.deepEqual(await catalog.rows('select 1 from catalog_audit where id = $1', 'w-b2'), [])
  await catalog.upsert({ id: 'w-b2', title: '바보' })
  t.deepEqual(
    (await catalog.changesOf('w-b2', 1)).map(({ version }) => version),
    [1],
  )
})
