import test from 'ava'
import { ownCluster, type OwnCluster } from '../cluster/own-cluster.ts'
import { kindOf } from '../definitions/kinds.ts'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { poll } from '../local/poll.ts'
import { contextOf } from '../workloads/testing.ts'
import { admissionObjects, policyName } from './admission.ts'
import { objectRules } from './rules.ts'
import { fixturesOf, objectsOf } from './testing.ts'

const stacks = ['dev', 'prod'] as const
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

/** A binding takes effect a moment after it was made: the last one is waited for. */
async function enforced(): Promise<void> {
  const { bad } = fixturesOf(objectRules[0] as (typeof objectRules)[number], objectsOf('prod'))
  const last = await poll(async () => ((await tried(bad)).status >= 400 ? true : undefined), {
    withinMs: 30_000,
    everyMs: 200,
  })
  if (!last) throw new Error('The policies never took effect.')
}

const pluralOf = (object: KubernetesObject): string =>
  kindOf(object)?.plural ??
  objectRules.flatMap(({ targets }) => targets).find(({ kind }) => kind === object.kind)?.plural ??
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
