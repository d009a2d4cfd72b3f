import test from 'ava'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { contextOf, stackObjects } from '../workloads/testing.ts'
import { definitions, schemaOf } from './definitions.ts'
import { kindOf, kinds } from './kinds.ts'
import { violations } from './validate.ts'

const contexts = ['dev', 'prod'].map((stack) => contextOf(stack))
const objects = contexts.flatMap((context) => [
  ...stackObjects(context),
  ...foundationObjects(context),
])

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

test('a field with a slip of the pen is found in every kind', (t) => {
  const seen = new Set<string>()
  for (const object of objects) {
    if (seen.has(object.kind) || !kindOf(object)) continue
    seen.add(object.kind)
    const broken = { ...object, spec: { ...(object['spec'] as object), cluzter: 1 } }
    t.regex(violations(broken)[0] ?? '', /spec\.cluzter is not known \(did you mean /, object.kind)
  }
  t.true(seen.size >= 18)
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

test('every schema is structural', (t) => {
  for (const kind of kinds) {
    const name = `${kind.kind}.${kind.group}`
    const text = JSON.stringify(schemaOf(kind))
    t.notRegex(text, /"\$ref"|"\$schema"|"propertyNames"/, name)
    t.notRegex(text, /"additionalProperties":false/, name)
  }
})

test('no two definitions share a name', (t) => {
  const names = definitions().map(({ metadata }) => metadata.name)
  t.is(new Set(names).size, names.length)
})
