import test from 'ava'
import { ownCluster, type OwnCluster } from '../cluster/own-cluster.ts'
import { kindOf } from '../definitions/kinds.ts'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { poll } from '../local/poll.ts'
import { contextOf } from '../workloads/testing.ts'
import { admissionObjects } from './admission.ts'
import { concerns } from './check.ts'
import { policyName, type Draft, type ObjectRule } from './rule.ts'
import { objectRules } from './rules.ts'
import { fixturesOf, objectsOf } from './testing.ts'
import { variantOf, variants, type Variant } from './variants.ts'

const stacks = ['dev', 'prod'] as const

/** As CloudNativePG makes one for its primary. */
const minAvailable = variants.find(({ name }) => name.endsWith('at least one')) as Variant
let cluster: OwnCluster

test.before(async (t) => {
  t.timeout(180_000)
  cluster = await ownCluster()
  for (const stack of stacks) {
    const context = contextOf(stack)
    const spaces = foundationObjects(context).filter(({ kind }) => kind === 'Namespace')
    await Promise.all(spaces.map((one) => cluster.api.apply(one, 'namespaces')))
    await Promise.all(
      admissionObjects(context).map((one) =>
        cluster.api.apply(one, `${one.kind.toLowerCase().replace(/y$/, 'ie')}s`),
      ),
    )
  }
  await enforced()
})
test.after.always(() => cluster?.stop())

/**
 * Every policy takes effect by itself, a moment after its binding was made: each is waited for. One
 * that never does is left to its test, which names it.
 */
async function enforced(): Promise<void> {
  const awaited = stacks.flatMap((stack) =>
    objectRules.map((rule) => ({ rule, bad: fixturesOf(rule, objectsOf(stack)).bad })),
  )
  await poll(
    async () => {
      const said = await Promise.all(awaited.map(async ({ rule, bad }) => spoken(rule, bad)))
      return said.every(Boolean) || undefined
    },
    { withinMs: 60_000, everyMs: 200 },
  )
}

/** Whether a rule refuses an object, or warns of it. */
async function spoken(rule: ObjectRule, object: KubernetesObject): Promise<boolean> {
  const { message, warnings } = await tried(object)
  return [message, ...warnings].some((line) => line.includes(rule.message))
}

const pluralOf = (object: KubernetesObject): string =>
  kindOf(object)?.plural ??
  objectRules
    .flatMap(({ targets }) => targets)
    .find(({ kind, apiVersion }) => kind === object.kind && apiVersion === object.apiVersion)
    ?.plural ??
  ''

/** What the server would say of an object, without making it. */
async function tried(object: KubernetesObject) {
  const root = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : '/api/v1'
  const path = `${root}/namespaces/${object.metadata.namespace}/${pluralOf(object)}`
  const { status, body, warnings } = await cluster.api.call('POST', `${path}?dryRun=All`, object)
  return { status, message: (body as { message?: string }).message ?? '', warnings }
}

for (const rule of objectRules) {
  test.serial(
    `${rule.id}: the API server refuses what is bad with our message, and takes what is good`,
    async (t) => {
      const { good, bad } = fixturesOf(rule, objectsOf('prod'))
      const taken = await tried(good)
      t.is(taken.status, 201, taken.message)
      const refused = await tried(bad)
      t.true(refused.status >= 400, `${policyName('prod', rule)} let it pass`)
      t.true(refused.message.includes(rule.message), refused.message)
    },
  )
}

for (const variant of variants)
  test.serial(`${variant.name}: the API server judges as we do`, async (t) => {
    const { status, message } = await tried(variantOf(variant, objectsOf('prod')))
    t.is(status === 201, variant.breaks.length === 0, message)
    const sentences = objectRules.filter(({ id }) => variant.breaks.includes(id))
    if (status !== 201 && variant.invalid !== true)
      t.true(
        sentences.some((rule) => message.includes(rule.message)),
        message,
      )
  })

test.serial('every object of both stacks passes the door', async (t) => {
  for (const object of stacks.flatMap(objectsOf)) {
    if (!objectRules.some((rule) => concerns(rule, object))) continue
    const { status, message } = await tried(object)
    t.is(status, 201, message)
  }
})

test.serial('what an operator makes of our objects is not ours to judge', async (t) => {
  const bad = variantOf(minAvailable, objectsOf('prod')) as Draft
  t.true((await tried(bad)).status >= 400)
  const owner = { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', name: 'postgres', uid: '1' }
  bad.metadata.ownerReferences = [owner]
  const made = await tried(bad)
  t.is(made.status, 201, made.message)
})

test.serial('an update cannot slip out of the rules by its labels', async (t) => {
  const account = objectsOf('prod').find(({ kind }) => kind === 'ServiceAccount') as Draft
  await cluster.api.apply(account, 'serviceaccounts')
  const { namespace, name } = account.metadata
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}?dryRun=All`
  const without = { metadata: { labels: { 'app.kubernetes.io/part-of': null } } }
  const { status, body } = await cluster.api.call(
    'PATCH',
    path,
    without,
    'application/merge-patch+json',
  )
  t.true(status >= 400, 'the label went')
  t.regex((body as { message: string }).message, /labels: metadata\.labels must hold/)
})

test.serial('what is only warned of in dev is made, with the warning', async (t) => {
  const rule = objectRules.find(({ id }) => id === 'image-digest')
  if (!rule) return t.fail()
  const { bad } = fixturesOf(rule, objectsOf('dev'))
  const made = await tried(bad)
  t.is(made.status, 201, made.message)
  t.true(
    made.warnings.some((line) => line.includes(rule.message)),
    made.warnings.join('\n'),
  )
})
