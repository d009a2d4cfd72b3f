import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secret } from '@pulumi/pulumi'
import test from 'ava'
import { topology } from '../../services/topology.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { renderedObserved } from '../workloads/rendered-observed.ts'
import { contextOf } from '../workloads/testing.ts'
import { assertCommittable, environmentFiles, gitopsFiles } from './render.ts'
import { readVersions, referenceOf, versionsFile, writeVersion } from './versions.ts'

const root = new URL('../..', import.meta.url).pathname
const object: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', namespace: 'maru-dev' },
  data: { a: 'b' },
}

const refused: readonly (readonly [string, readonly KubernetesObject[], RegExp])[] = [
  [
    'a Secret with data',
    [{ ...object, kind: 'Secret', stringData: { password: 'x' } }],
    /Secret maru-dev\/one holds secret data/,
  ],
  ['an object twice', [object, object], /ConfigMap maru-dev\/one would be rendered twice/],
  [
    'an object without namespace',
    [{ ...object, metadata: { name: 'one' } }],
    /one has no namespace/,
  ],
  [
    'a value of Pulumi',
    [{ ...object, data: { a: secret('x') } }],
    /data a is not known when rendering/,
  ],
  [
    'a missing value',
    [{ ...object, data: { a: undefined } }],
    /data a is not known when rendering/,
  ],
  ['a function', [{ ...object, data: { a: () => 1 } }], /data a is not known when rendering/],
]

for (const [what, objects, sentence] of refused)
  test(`${what} is refused, and the sentence names it`, (t) => {
    t.throws(() => assertCommittable(objects), { message: sentence })
  })

test('an object without faults may be committed', (t) => {
  t.notThrows(() => assertCommittable([object]))
})

test('every folder is named after what it delivers, one object a file', (t) => {
  const files = gitopsFiles(topology, root, renderedObserved(root, topology))
  const folders = new Set(files.map(({ path }) => path.split('/').slice(0, 3).join('/')))
  for (const env of ['dev', 'prod'])
    for (const name of ['platform', ...topology.services.map((service) => service.name)])
      t.true(folders.has(`gitops/${env}/${name}`), `${env} ${name}`)
  const deep = files.filter(({ path }) => path.split('/').length === 4)
  t.true(deep.every(({ objects }) => objects.length === 1))
  t.is(new Set(files.map(({ path }) => path)).size, files.length)
})

test('what holds data outlives its file in prod, and only there', (t) => {
  const keeps = (stack: string): readonly string[] =>
    environmentFiles(contextOf(stack))
      .flatMap(({ objects }) => objects)
      .filter(({ metadata }) =>
        metadata.annotations?.['argocd.argoproj.io/sync-options']?.includes('Prune=false'),
      )
      .map(({ kind }) => kind)
  t.deepEqual([...new Set(keeps('prod'))].sort(), [
    'Database',
    'DatabaseRole',
    'KafkaTopic',
    'User',
  ])
  t.deepEqual(keeps('dev'), [])
})

test('a migration runs before what serves, and after what it needs', (t) => {
  const waves = new Map(
    environmentFiles(contextOf('prod'))
      .filter(({ path }) => path.includes('/catalog/'))
      .flatMap(({ objects }) => objects)
      .map(({ kind, metadata }) => [
        kind,
        Number(metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? 0),
      ]),
  )
  t.true((waves.get('Database') ?? 0) < (waves.get('Job') ?? 0))
  t.true((waves.get('Job') ?? 0) < (waves.get('Deployment') ?? 0))
})

test('a version is one line of its file, and comments stay', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'maru-versions-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  cpSync(join(root, 'gitops/prod'), join(folder, 'gitops/prod'), { recursive: true })
  const before = readFileSync(versionsFile(folder, 'prod'), 'utf8').split('\n')
  const digest = `sha256:${'a'.repeat(64)}`
  writeVersion(folder, 'prod', 'rank', { tag: '1.0.0', digest })
  const after = readFileSync(versionsFile(folder, 'prod'), 'utf8').split('\n')
  t.is(after.length, before.length + 1)
  t.deepEqual(
    before.filter((line) => !after.includes(line)),
    [],
  )
  t.is(referenceOf('r/m', 'rank', readVersions(folder, 'prod')), `r/m/rank:1.0.0@${digest}`)
  t.is(referenceOf('r/m', 'search', {}), 'r/m/search:unreleased')
  const error = t.throws(() =>
    writeVersion(folder, 'prod', 'rank', { tag: '1', digest: 'sha256:1' }),
  )
  t.regex(error.message, /versions\.yaml: rank\.digest must be sha256:.*but is "sha256:1"/)
})
