import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { execa } from 'execa'
import { stringify } from 'yaml'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { changesBetween, fieldChanges } from './diff.ts'
import { grades, type Grade } from './grades.ts'
import { atRevision, inWorkingTree } from './snapshots.ts'

const object = (kind: string, fields: object = {}, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'example.com/v1',
  kind,
  metadata: { name: 'one', namespace: 'maru-prod', ...metadata },
  ...fields,
})

const annotation = (key: string, value: string) => ({ annotations: { [key]: value } })
const pods = (template: object) => object('Deployment', { spec: { template: { spec: template } } })

/** Every row is a change of one object, and its grade. */
const rows: readonly (readonly [
  Grade,
  string,
  KubernetesObject | undefined,
  KubernetesObject | undefined,
])[] = [
  ['data loss', 'a topic goes', object('KafkaTopic'), undefined],
  ['data loss', 'a database goes', object('Database'), undefined],
  ['data loss', 'a role goes', object('DatabaseRole'), undefined],
  ['data loss', 'a volume goes', object('PersistentVolumeClaim'), undefined],
  ['data loss', 'a stateful set goes', object('StatefulSet'), undefined],
  [
    'gone',
    'a topic goes that Argo CD keeps',
    object('KafkaTopic', {}, annotation('argocd.argoproj.io/sync-options', 'Prune=false')),
    undefined,
  ],
  [
    'gone',
    'a database goes whose data is retained',
    object('Database', { spec: { databaseReclaimPolicy: 'retain' } }),
    undefined,
  ],
  ['data loss', 'fewer partitions', ...spec('KafkaTopic', { partitions: 6 }, { partitions: 3 })],
  ['scale', 'more partitions', ...spec('KafkaTopic', { partitions: 3 }, { partitions: 6 })],
  [
    'data loss',
    'shorter retention',
    ...spec('KafkaTopic', retention(2_000_000), retention(1_000_000)),
  ],
  ['config', 'longer retention', ...spec('KafkaTopic', retention(1_000_000), retention(2_000_000))],
  ['data loss', 'retention set below Kafka’s', ...spec('KafkaTopic', {}, retention(1000))],
  ['data loss', 'retention for ever ends', ...spec('KafkaTopic', retention(-1), retention(1e12))],
  [
    'data loss',
    'a smaller volume',
    ...spec('Cluster', { storage: { size: '1Ti' } }, { storage: { size: '900Gi' } }),
  ],
  [
    'data loss',
    'nothing is retained any more',
    ...spec('Database', { databaseReclaimPolicy: 'retain' }, { databaseReclaimPolicy: 'delete' }),
  ],
  [
    'config',
    'it is retained from now on',
    ...spec('Database', { databaseReclaimPolicy: 'delete' }, { databaseReclaimPolicy: 'retain' }),
  ],
  [
    'data loss',
    'Argo CD prunes from now on',
    object(
      'KafkaTopic',
      {},
      annotation('argocd.argoproj.io/sync-options', 'Prune=false,Delete=false'),
    ),
    object('KafkaTopic'),
  ],
  [
    'data loss',
    'a database is deleted with its object from now on',
    ...spec('Database', {}, { databaseReclaimPolicy: 'delete' }),
  ],
  [
    'data loss',
    'volumes are deleted with their pool from now on',
    ...spec('KafkaNodePool', volumes({}), volumes({ deleteClaim: true })),
  ],
  ['data loss', 'a database is to be absent', ...spec('Database', {}, { ensure: 'absent' })],
  [
    'data loss',
    'a database on another server',
    ...spec('Database', { cluster: { name: 'a' } }, { cluster: { name: 'b' } }),
  ],
  [
    'data loss',
    'a volume that does not outlive its pod',
    ...spec('KafkaNodePool', volumes({ type: 'persistent-claim' }), volumes({ type: 'ephemeral' })),
  ],
  [
    'data loss',
    'one volume fewer',
    ...spec('KafkaNodePool', volumes({ id: 0 }, { id: 1 }), volumes({ id: 0 })),
  ],
  [
    'data loss',
    'a stateful set without its volume',
    ...spec(
      'StatefulSet',
      { volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
      { volumeClaimTemplates: [] },
    ),
  ],
  ['data loss', 'fewer copies of a topic', ...spec('KafkaTopic', { replicas: 3 }, { replicas: 1 })],
  ['data loss', 'fewer copies before it counts', ...spec('KafkaTopic', written(2), written(1))],
  ['data loss', 'what applies everything goes', object('ApplicationSet'), undefined],
  [
    'restart',
    'less scratch space',
    pods({ containers: [{ name: 'main', resources: scratch('2Gi') }] }),
    pods({ containers: [{ name: 'main', resources: scratch('1Gi') }] }),
  ],
  ['exposure', 'a Service comes with an address', ...comes('Service', { type: 'LoadBalancer' })],
  ['new', 'a Service comes', ...comes('Service', { type: 'ClusterIP' })],
  [
    'exposure',
    'a network policy changes',
    ...spec('NetworkPolicy', { ingress: [] }, { ingress: [{}] }),
  ],
  ['exposure', 'a network policy goes', object('NetworkPolicy'), undefined],
  ['exposure', 'a route comes', undefined, object('HTTPRoute')],
  ['exposure', 'a Service gets an address', ...spec('Service', {}, { type: 'LoadBalancer' })],
  ['exposure', 'a role may more', object('Role', { rules: [] }), object('Role', { rules: [{}] })],
  [
    'exposure',
    'an ACL changes',
    ...spec('KafkaUser', { authorization: { acls: [] } }, { authorization: { acls: [{}] } }),
  ],
  [
    'exposure',
    'a container may run as root',
    pods({ securityContext: { runAsNonRoot: true } }),
    pods({ securityContext: { runAsNonRoot: false } }),
  ],
  [
    'exposure',
    'a volume of the node comes',
    pods({ volumes: [] }),
    pods({ volumes: [{ name: 'host', hostPath: { path: '/' } }] }),
  ],
  ['restart', 'an image changes', pods({ image: 'a' }), pods({ image: 'b' })],
  ['scale', 'more replicas', ...spec('Deployment', { replicas: 1 }, { replicas: 2 })],
  [
    'scale',
    'a scaler’s limit',
    ...spec('ScaledObject', { maxReplicaCount: 2 }, { maxReplicaCount: 4 }),
  ],
  [
    'config',
    'a setting',
    object('ConfigMap', { data: { a: '1' } }),
    object('ConfigMap', { data: { a: '2' } }),
  ],
  [
    'config',
    'whose topic it is',
    object('KafkaTopic', {}, { labels: { 'strimzi.io/cluster': 'a' } }),
    object('KafkaTopic', {}, { labels: { 'strimzi.io/cluster': 'b' } }),
  ],
  ['new', 'a Deployment comes', undefined, object('Deployment')],
  ['gone', 'a Deployment goes', object('Deployment'), undefined],
  ['harmless', 'a label', object('Service'), object('Service', {}, { labels: { team: 'a' } })],
  ['harmless', 'an annotation', object('Service'), object('Service', {}, annotation('note', 'a'))],
]

function spec(kind: string, before: object, after: object) {
  return [object(kind, { spec: before }), object(kind, { spec: after })] as const
}

function comes(kind: string, fields: object) {
  return [undefined, object(kind, { spec: fields })] as const
}

function volumes(...all: readonly object[]) {
  return { storage: { volumes: all } }
}

function written(copies: number) {
  return { config: { 'min.insync.replicas': copies } }
}

function scratch(size: string) {
  return { requests: { 'ephemeral-storage': size } }
}

function retention(ms: number) {
  return { config: { 'retention.ms': ms } }
}

for (const [grade, title, before, after] of rows)
  test(`${title}: ${grade}`, (t) => {
    const changes = changesBetween(before ? [before] : [], after ? [after] : [])
    t.is(changes.length, 1)
    t.is(changes[0]?.grade, grade)
  })

test('every grade is reached', (t) => {
  t.deepEqual([...new Set(rows.map(([grade]) => grade))].sort(), [...grades].sort())
})

test('no change is no line', (t) => {
  const same = rows.flatMap(([, , before], at) =>
    before ? [{ ...before, metadata: { ...before.metadata, name: `n${at}` } }] : [],
  )
  t.deepEqual(changesBetween(same, structuredClone(same).reverse()), [])
})

test('each field of an object is a line, the gravest first', (t) => {
  const deployment = (replicas: number, image: string, port: number) =>
    object('Deployment', {
      spec: {
        replicas,
        template: {
          spec: { containers: [{ name: 'main', image, env: [{ name: 'PORT', value: port }] }] },
        },
      },
    })
  const changes = changesBetween([deployment(1, 'a', 1)], [deployment(2, 'b', 2)])
  const main = 'spec.template.spec.containers[main]'
  t.deepEqual(
    changes.map(({ grade, field, before, after }) => [grade, field, before, after]),
    [
      ['restart', `${main}.env[PORT].value`, 1, 2],
      ['restart', `${main}.image`, 'a', 'b'],
      ['scale', 'spec.replicas', 1, 2],
    ],
  )
  t.true(changes.every((one) => one.object === 'example.com/Deployment maru-prod/one'))
})

test('an item that comes into a list without names is one line, wherever it stands', (t) => {
  const before = { rules: [{ to: 1 }, { to: 3 }] }
  t.deepEqual(fieldChanges(before, { rules: [{ to: 1 }, { to: 2 }, { to: 3 }] }, 'spec'), [
    { field: 'spec.rules[]', before: undefined, after: { to: 2 } },
  ])
  t.deepEqual(fieldChanges({ args: ['a'] }, { args: ['b', 'a'] }, ''), [
    { field: 'args', before: ['a'], after: ['b', 'a'] },
  ])
})

test('a revision and the working tree are read alike, without what people edit', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'maru-diff-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const write = (path: string, ...objects: readonly object[]): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), objects.map((one) => `---\n${stringify(one)}`).join(''))
  }
  const git = (...words: string[]) =>
    execa('git', ['-c', 'user.name=Mina', '-c', 'user.email=mina@example.com', ...words], {
      cwd: root,
    })
  write('gitops/prod/rank/a.yaml', object('Service'), object('Deployment'))
  write('gitops/prod/versions.yaml', { rank: { tag: 'one' } })
  write('gitops/appsets/prod.yaml', object('ApplicationSet'))
  write('gitops/appsets/dev.yaml', object('ApplicationSet', {}, { name: 'other' }))
  await git('init', '-q')
  await git('add', '.')
  await git('commit', '-q', '-m', 'All')
  const committed = await atRevision(root, 'prod', 'HEAD')
  t.deepEqual(committed.map(({ kind }) => kind).sort(), ['ApplicationSet', 'Deployment', 'Service'])
  t.deepEqual(changesBetween(committed, inWorkingTree(root, 'prod')), [])
  write('gitops/prod/rank/a.yaml', object('Service'))
  write('gitops/prod/rank/b.yaml', object('Job'))
  t.deepEqual(
    changesBetween(committed, inWorkingTree(root, 'prod')).map(({ grade, object: one }) => [
      grade,
      one,
    ]),
    [
      ['gone', 'example.com/Deployment maru-prod/one'],
      ['new', 'example.com/Job maru-prod/one'],
    ],
  )
  t.deepEqual(await atRevision(root, 'nowhere', 'HEAD'), [])
  await t.throwsAsync(atRevision(root, 'prod', '--no-such'), { message: /no revision "--no-such"/ })
})
