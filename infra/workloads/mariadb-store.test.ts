import test from 'ava'
import { readConfig } from '../../services/kit/config.ts'
import { service, type Service } from '../../services/model/service.ts'
import { store } from '../../services/model/store.ts'
import { topology as declared } from '../../services/topology.ts'
import { database, grant, user } from '../definitions/narrow/mariadb.ts'
import { endpointsOf } from '../endpoints.ts'
import { mariadbConnections } from '../foundation/connections.ts'
import { mariadbObjects } from '../foundation/mariadb-objects.ts'
import { foundationSecrets } from '../foundation/secrets.ts'
import { storeNetworkPolicies } from '../foundation/store-network.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { serviceObjects } from './objects.ts'
import { replicasOf } from './scaling.ts'
import { secretsOf } from './secrets.ts'
import type { StackContext } from './stack-context.ts'
import { contextOf } from './testing.ts'

// No service of the real topology keeps its data in MariaDB yet.
const books = store('mariadb', 'sample_books', { summary: 'Books.' })
const slo = { availability: 99, latency: { p95Ms: 100 } }
const keeper = service({
  ...{ name: 'keeper', product: 'payments', summary: 'Keeps.', port: 23_001, slo },
  stores: [books],
})
const auditor = service({
  ...{ name: 'auditor', product: 'payments', summary: 'Reads.', port: 23_002, slo },
  reads: [books],
})
const withReader = { ...declared, services: [...declared.services, keeper, auditor] }
const context: StackContext = {
  ...contextOf('prod'),
  topology: withReader,
  // Nothing is rendered for services that no topology has.
  observed: () => ({ boards: [], rules: [] }),
}
const objects = (one: Service, kind?: string): readonly KubernetesObject[] =>
  serviceObjects(one, context).filter((object) => kind === undefined || object.kind === kind)

interface Pod {
  readonly containers: readonly [
    { readonly env: readonly { readonly name: string; readonly value?: string }[] },
  ]
  readonly volumes: readonly unknown[]
}
const podOf = (one: Service): Pod =>
  (objects(one, 'Deployment')[0] as unknown as { spec: { template: { spec: Pod } } }).spec.template
    .spec

const environmentOf = (one: Service): Record<string, string> =>
  Object.fromEntries(podOf(one).containers[0].env.map(({ name, value = 'pod' }) => [name, value]))

test('a MariaDB store is a database, an owner with all rights in it, and a reader who may only read', (t) => {
  const specs = (kind: string) => objects(keeper, kind).map((object) => object['spec'] as object)
  const [mariaDbRef, cleanupPolicy] = [{ name: 'mariadb' }, 'Skip']
  const texts = { characterSet: 'utf8mb4', collate: 'utf8mb4_nopad_bin' }
  t.deepEqual(specs('Database'), [{ mariaDbRef, cleanupPolicy, name: 'sample_books', ...texts }])
  const login = (name: string, secret: string) => ({
    ...{ mariaDbRef, cleanupPolicy, name, host: '%' },
    passwordSecretKeyRef: { name: secret, key: 'password' },
  })
  t.deepEqual(specs('User'), [
    login('sample_books', 'mariadb-sample-books'),
    login('sample_books_reader', 'mariadb-sample-books-reader'),
  ])
  const rights = (username: string, ...privileges: string[]) => ({
    ...{ mariaDbRef, cleanupPolicy, username, host: '%', database: 'sample_books', table: '*' },
    privileges,
  })
  t.deepEqual(specs('Grant'), [
    rights('sample_books', 'ALL PRIVILEGES'),
    rights('sample_books_reader', 'SELECT'),
  ])
  for (const [kind, schema] of Object.entries({ Database: database, User: user, Grant: grant }))
    for (const spec of specs(kind)) t.notThrows(() => schema.parse(spec), kind)
})

test('an owner that may only add rows has a grant for each table that may change', (t) => {
  const diary = store('mariadb', 'sample_diary', { summary: 'Days.', changing: ['reading_mark'] })
  const writer = { ...keeper, name: 'writer', stores: [diary] }
  const grants = objects(writer, 'Grant').map(
    (object) => object['spec'] as { table: string; privileges: string[] },
  )
  const rightsOn = (table: string) => grants.find((one) => one.table === table)?.privileges
  t.deepEqual(
    grants.map(({ table }) => table),
    ['*', 'maru_migrations', 'inbox', 'outbox', 'reading_mark'],
  )
  for (const right of ['UPDATE', 'DELETE', 'DROP', 'ALL PRIVILEGES'])
    t.false(rightsOn('*')?.includes(right), right)
  t.true(rightsOn('reading_mark')?.includes('UPDATE'))
  for (const { metadata } of objects(writer, 'Grant')) t.regex(metadata.name, /^[a-z0-9-]+$/)
})

test('names of its objects are ones that Kubernetes takes, and the reader has no objects of a store', (t) => {
  for (const { metadata } of objects(keeper)) t.regex(metadata.name, /^[a-z0-9-]+$/)
  const kinds = new Set(objects(auditor).map(({ kind }) => kind))
  for (const kind of ['Database', 'User', 'Grant', 'Job']) t.false(kinds.has(kind), kind)
  t.is(objects(keeper, 'Job').length, 1)
})

test('without a service that reads there is no reader', (t) => {
  const alone = { ...context, topology: { ...declared, services: [...declared.services, keeper] } }
  const users = serviceObjects(keeper, alone).filter(({ kind }) => kind === 'User')
  t.is(users.length, 1)
  t.false(secretsOf(keeper, alone).some(({ name }) => name.includes('reader')))
})

test('owner and reader are told where the store is and who they are, and their passwords are mounted', (t) => {
  const { host, port } = endpointsOf('prod').mariadb
  for (const [one, user] of [
    [keeper, 'sample_books'],
    [auditor, 'sample_books_reader'],
  ] as const) {
    const env = environmentOf(one)
    const file = env['MARIADB_SAMPLE_BOOKS_PASSWORD_FILE'] ?? ''
    const secret = file.split('/').at(-1) ?? ''
    t.is(secret, `mariadb-${user.replaceAll('_', '-')}`)
    t.true(JSON.stringify(podOf(one).volumes).includes(`"path":"${secret}"`), secret)
    const { [`MARIADB_SAMPLE_BOOKS_PASSWORD_FILE`]: _, ...plain } = env
    const config = readConfig(one, { ...plain, MARIADB_SAMPLE_BOOKS_PASSWORD: 'x' })
    t.like(config.store(books), { host, port, user, database: 'sample_books', password: 'x' })
  }
  const brought = secretsOf(keeper, context).map(({ name }) => name)
  t.deepEqual(brought, ['mariadb-sample-books', 'mariadb-sample-books-reader'])
  t.false(foundationSecrets.some(({ name }) => brought.includes(name)))
})

test('the migration goes to the store that the service goes to', (t) => {
  const [job] = objects(keeper, 'Job') as unknown as [{ spec: { template: { spec: Pod } } }]
  const env = job.spec.template.spec.containers[0].env
  const of = (name: string) => env.find((one) => one.name === name)?.value
  t.is(of('MARIADB_SAMPLE_BOOKS_HOST'), endpointsOf('prod').mariadb.host)
  t.is(of('MARIADB_SAMPLE_BOOKS_USER'), 'sample_books')
})

test('owner and reader reach MariaDB, on both sides of the network, and nobody else does', (t) => {
  const { port } = endpointsOf('prod').mariadb
  const gate = storeNetworkPolicies(context).find(
    ({ metadata }) => metadata.name === 'server-mariadb',
  )
  for (const one of [keeper, auditor]) {
    const egress = JSON.stringify(objects(one, 'NetworkPolicy'))
    t.true(egress.includes('"app.kubernetes.io/instance":"mariadb"'), one.name)
    t.true(egress.includes(`"port":${port}`), one.name)
    t.true(JSON.stringify(gate).includes(`"app.kubernetes.io/name":"${one.name}"`), one.name)
  }
  t.false(JSON.stringify(gate).includes('"app.kubernetes.io/name":"catalog"'))
})

test('MariaDB takes the connections of all replicas, of readers too', (t) => {
  const { settings } = context
  const [cluster] = mariadbObjects(context)
  const { myCnf } = cluster?.['spec'] as { myCnf: string }
  const most = [keeper, auditor].reduce(
    (sum, one) => sum + 16 * replicasOf(one, { settings }).max,
    0,
  )
  t.true(Number(/^max-connections=(\d+)$/m.exec(myCnf)?.[1]) > most)
  t.true(most > 0)
})

test('a replica has as many connections to each store that it opens', (t) => {
  const more = store('mariadb', 'sample_more', { summary: 'More.' })
  const of = (reads: (typeof books)[]) => {
    const one = { ...auditor, reads }
    return mariadbConnections(context.settings, { services: [one] })
  }
  t.is(of([books, more]) - of([books]), of([books]) - of([]))
})
