import test from 'ava'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { definitions, schemaOf } from './definitions.ts'
import { kindOf, kinds } from './kinds.ts'
import { oneOfEachKind, writtenObjects } from './testing.ts'
import { violations } from './validate.ts'

const objects = writtenObjects()

/** Groups that the API server serves by itself. */
const own = /^(v1|(apps|batch|policy|autoscaling|[a-z.]+\.k8s\.io)\/v\d)$/

test('every custom kind that is written has a definition', (t) => {
  const custom = objects.filter(
    ({ apiVersion }) => !own.test(apiVersion) || apiVersion.startsWith('gateway.'),
  )
  t.true(custom.length > 50)
  for (const object of custom) t.truthy(kindOf(object), `${object.apiVersion} ${object.kind}`)
})

test('no object of either stack has a field that its definition does not know', (t) => {
  t.deepEqual(objects.flatMap(violations), [])
})

test('every kind of the table is written, and a slip of the pen is found in it', (t) => {
  const written = oneOfEachKind()
  for (const kind of kinds) {
    const name = `${kind.group}/${kind.kind}`
    const object = written.get(kind)
    if (!object) return t.fail(`Nothing writes ${name}.`)
    t.deepEqual(violations(object), [], name)
    const broken = { ...object, spec: { ...(object['spec'] as object), cluzter: 1 } }
    t.regex(violations(broken)[0] ?? '', /spec\.cluzter is not known \(did you mean /, name)
  }
})

test('a wrong value names the field, what it must be, and what it is', (t) => {
  const topic = objects.find(({ kind }) => kind === 'KafkaTopic') as KubernetesObject
  const wrong = (spec: object) =>
    violations({ ...topic, spec: { ...(topic['spec'] as object), ...spec } })[0] ?? ''
  t.regex(wrong({ partitions: 0 }), /spec\.partitions must be at least 1, but is 0/)
  t.regex(wrong({ partitions: '3' }), /spec\.partitions must be of type integer, but is "3"/)
  const user = objects.find(({ kind }) => kind === 'KafkaUser') as KubernetesObject
  t.regex(
    violations({ ...user, spec: { authentication: { type: 'plain' } } })[0] ?? '',
    /spec\.authentication\.type must be one of scram-sha-512, tls, but is "plain"/,
  )
})

test('what a server fills in is not missing, and its expressions are understood', (t) => {
  const cluster = objects.find(
    ({ apiVersion, kind }) => kind === 'Cluster' && apiVersion.startsWith('postgresql'),
  ) as KubernetesObject
  const { instances: _, ...rest } = cluster['spec'] as { instances: number }
  t.deepEqual(violations({ ...cluster, spec: rest }), [])
  const storage = { size: '10Gib' }
  const resources = { requests: { memory: '10Gib' } }
  t.regex(
    violations({ ...cluster, spec: { ...rest, storage, resources } })[0] ?? '',
    /spec\.resources\.requests\.memory must match .*but is "10Gib"/,
  )
  const rules = objects.find(({ kind }) => kind === 'PrometheusRule') as KubernetesObject
  const withStrategy = (partial_response_strategy: string) =>
    violations({ ...rules, spec: { groups: [{ name: 'a', partial_response_strategy }] } })
  t.deepEqual(withStrategy('WARN'), [])
  t.is(withStrategy('never').length, 1)
})

test('lists that are too short and fields that would be dropped are found', (t) => {
  const scaled = objects.find(({ kind }) => kind === 'ScaledObject') as KubernetesObject
  const spec = { ...(scaled['spec'] as object), triggers: [] }
  t.regex(violations({ ...scaled, spec })[0] ?? '', /spec\.triggers must have at least 1 items/)
  t.regex(violations({ ...scaled, spek: {} })[0] ?? '', /: spek is not known \(did you mean spec/)
  const pooler = objects.find(({ kind }) => kind === 'Pooler') as KubernetesObject
  const volumeClaimTemplate = { metadata: { lables: {} }, spec: {} }
  const volumes = [{ name: 'a', ephemeral: { volumeClaimTemplate } }]
  const template = { spec: { containers: [], volumes } }
  t.regex(
    violations({ ...pooler, spec: { ...(pooler['spec'] as object), template } })[0] ?? '',
    /metadata\.lables is not known$/,
  )
})

test('every schema is structural and small enough for etcd', (t) => {
  for (const kind of kinds) {
    const name = `${kind.group}/${kind.kind}`
    const schema = schemaOf(kind)
    t.deepEqual(notStructural(schema, name), [])
    t.true(JSON.stringify(schema).length < mostBytes, name)
  }
})

test('what is not structural is found', (t) => {
  const wrong = { type: 'object', properties: { a: {}, b: { type: 'array', items: {} } } }
  t.deepEqual(notStructural(wrong, ''), ['.a has no type', '.b[] has no type'])
  t.is(notStructural({ type: 'object', $ref: '#/a' }, '').length, 1)
  t.is(notStructural({ type: 'object', additionalProperties: false }, '').length, 1)
})

/** etcd takes 1.5 MB at once, and a definition is written with what its appliers own. */
const mostBytes = 400_000

/** What a server would not take of a schema: references, closed maps, and places without a type. */
function notStructural(schema: object, path: string): readonly string[] {
  const { properties, items, additionalProperties, ...words } = schema as {
    properties?: Record<string, object>
    items?: object
    additionalProperties?: object | boolean
    type?: string
  }
  const flags = ['type', 'x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields']
  return [
    ...(flags.some((flag) => flag in words) ? [] : [`${path} has no type`]),
    ...['$ref', '$schema', 'propertyNames', 'definitions']
      .filter((word) => word in words)
      .map((word) => `${path} has ${word}`),
    ...(additionalProperties === false ? [`${path} is closed by a word`] : []),
    ...Object.entries(properties ?? {}).flatMap(([key, one]) =>
      notStructural(one, `${path}.${key}`),
    ),
    ...(items ? notStructural(items, `${path}[]`) : []),
    ...(typeof additionalProperties === 'object'
      ? notStructural(additionalProperties, `${path}.*`)
      : []),
  ]
}

test('no two definitions share a name', (t) => {
  const names = definitions().map(({ metadata }) => metadata.name)
  t.is(new Set(names).size, names.length)
})
