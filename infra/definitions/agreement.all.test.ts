import test from 'ava'
import { ownCluster, type OwnCluster } from '../cluster/own-cluster.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { kinds, type Kind } from './kinds.ts'
import { oneOfEachKind } from './testing.ts'
import { violations } from './validate.ts'

let cluster: OwnCluster
test.before(async (t) => {
  t.timeout(180_000)
  cluster = await ownCluster()
})
test.after.always(() => cluster?.stop())

test('the check without a server says what the API server says, of every object broken in every place', async (t) => {
  t.timeout(180_000)
  const unseen: string[] = []
  let asked = 0
  for (const [kind, object] of await madeReady())
    for (const [what, spec] of [['as it is', object['spec']] as Variant, ...variants(object)]) {
      const broken = { ...object, spec }
      const [server, ours] = [await sentenceOf(kind, broken), violations(broken)]
      asked += 1
      if (ours.length > 0) t.not(server, undefined, `Only we refuse ${what}: ${ours[0]}`)
      else if (server !== undefined) unseen.push(`${kind.group}/${kind.kind} ${what}: ${server}`)
    }
  t.is(oneOfEachKind().size, kinds.length)
  t.true(asked > 1500)
  t.deepEqual(
    unseen.filter((sentence) => !serversAlone.some((rule) => rule.test(sentence))),
    [],
  )
})

/** What only the server can judge: rules between fields, in a language of its own, and the subresource `scale`. */
const serversAlone: readonly RegExp[] = [
  /Gateway spec\.listeners\S* .*must be specified when mode is Terminate/,
  /HTTPRoute spec\.rules\S* .*(must be an absolute path|Must have port)/,
  /Cluster spec\.postgresql\.synchronous\.number .*greater than zero/,
  /DatabaseRole spec\.name .*must not be empty/,
  /Pooler spec\.instances .*non-negative/,
]

/** One object of each kind, in a namespace that is there. */
async function madeReady(): Promise<ReadonlyMap<Kind, KubernetesObject>> {
  const found = oneOfEachKind()
  const names = new Set([...found.values()].flatMap(({ metadata }) => metadata.namespace ?? []))
  for (const name of names)
    await cluster.api.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      'namespaces',
    )
  return found
}

/** Why the server would refuse to make the object; undefined where it would make it. */
async function sentenceOf(kind: Kind, object: KubernetesObject): Promise<string | undefined> {
  const { namespace } = object.metadata
  const space = namespace === undefined ? '' : `/namespaces/${namespace}`
  const path = `/apis/${object.apiVersion}${space}/${kind.plural}?dryRun=All&fieldValidation=Strict`
  const metadata = { ...object.metadata, name: 'probe' }
  const { status, body } = await cluster.api.call('POST', path, { ...object, metadata })
  return status < 300 ? undefined : (body as { message: string }).message
}

type Variant = readonly [what: string, spec: unknown]

const variants = (object: KubernetesObject): readonly Variant[] => broken(object['spec'], 'spec')

/** The value broken once in every place: a field too many, a field too few, a wrong type, a strange value. */
function broken(value: unknown, path: string): readonly Variant[] {
  if (Array.isArray(value))
    return [
      [`${path} emptied`, []],
      ...value
        .slice(0, 2)
        .flatMap((one, at) =>
          broken(one, `${path}[${at}]`).map(([what, to]): Variant => [what, value.with(at, to)]),
        ),
    ]
  if (typeof value === 'object' && value !== null)
    return [
      [`${path} with cluzter`, { ...value, cluzter: 'x' }],
      ...Object.entries(value).flatMap(([key, one]): readonly Variant[] => [
        [`${path} without ${key}`, Object.fromEntries(without(key, value))],
        ...broken(one, `${path}.${key}`).map(([what, to]): Variant => [
          what,
          { ...value, [key]: to },
        ]),
      ]),
    ]
  const strange = strangers[typeof value] ?? []
  return strange.map((one): Variant => [`${path} as ${JSON.stringify(one).slice(0, 20)}`, one])
}

const without = (key: string, value: object) =>
  Object.entries(value).filter(([name]) => name !== key)

/** Values that are wrong in most places where such a value stands. */
const strangers: Readonly<Record<string, readonly unknown[]>> = {
  string: [7, '', 'Zz!'.repeat(200)],
  number: ['7x', -5, 1.5],
  boolean: ['yes'],
}
