import { join } from 'node:path'
import test from 'ava'
import { topology } from '../services/topology.ts'
import { deliveryObjects } from './delivery/delivery.ts'
import { foundationObjects } from './foundation/foundation-objects.ts'
import { operatorsOf } from './foundation/operator-table.ts'
import { environmentFiles } from './gitops/render.ts'
import { inventory } from './inventory.ts'
import {
  isObject,
  isRelease,
  objectOf,
  registeredBy,
  type Registered,
} from './kubernetes/mocked.ts'
import { identityOf } from './kubernetes/object.ts'
import { observabilityObjects } from './observability/observability.ts'
import type { Settings } from './settings.ts'
import { admissionObjects } from './policy/admission.ts'
import { readStack } from './stacks.ts'
import { allSecrets } from './workloads/stack-secrets.ts'
import { contextOf, stackObjects } from './workloads/testing.ts'

const root = join(import.meta.dirname, '..')
const seed = 'a-seed-of-a-test-that-is-long-enough'

const settingsOf = (stack: string, changed: Partial<Settings> = {}): Settings => {
  const settings = readStack(root, stack)
  const secrets = { ...settings.secrets, seed: settings.secrets.mode === 'generated' ? seed : '' }
  return { ...settings, secrets, ...changed }
}

/** Everything that the program asks Pulumi for. */
const registered = (settings: Settings): Promise<readonly Registered[]> =>
  registeredBy(settings.stack, () => inventory(settings))

const identities = (asked: readonly Registered[]): readonly string[] =>
  asked.filter(isObject).map((one) => identityOf(objectOf(one)))

test.serial('a stack that Pulumi delivers registers everything, each object once', async (t) => {
  const settings = settingsOf('dev', { operators: 'present' })
  const context = { ...contextOf('dev'), settings }
  const made = identities(await registered(settings))
  const expected = [
    ...foundationObjects({ settings, topology }),
    ...observabilityObjects(settings),
    ...stackObjects(context),
    ...deliveryObjects(context),
    ...admissionObjects({ settings }),
  ].map(identityOf)
  const secrets = allSecrets(context).map(({ name }) => `Secret maru-dev/${name}`)
  t.is(new Set(made).size, made.length)
  const all = [...expected, ...secrets].map(withoutTag).sort()
  t.deepEqual(missing(all, made.map(withoutTag)), [])
})

test.serial('no object has two owners: Pulumi and Git share none of a stack', async (t) => {
  for (const stack of ['dev', 'prod']) {
    const settings = settingsOf(stack, { delivery: 'gitops' })
    const byPulumi = new Set(identities(await registered(settings)))
    const files = environmentFiles({ ...contextOf(stack), settings })
    const byArgo = files.flatMap(({ objects }) => objects.map(identityOf))
    t.deepEqual(
      byArgo.filter((one) => byPulumi.has(one)),
      [],
      stack,
    )
    t.true(byArgo.length > 80)
  }
})

test.serial('both ways of delivery make the same objects', async (t) => {
  const [pulumiOnly, bordered] = await registeredBoth('dev')
  const files = environmentFiles({ ...contextOf('dev'), settings: settingsOf('dev') })
  const byArgo = files.flatMap(({ objects }) => objects.map(identityOf))
  const both = [...bordered, ...byArgo].map(withoutTag)
  const root = 'argoproj.io/Application argocd/maru-dev'
  t.deepEqual(missing(pulumiOnly.map(withoutTag), both), [])
  t.deepEqual(missing(both, pulumiOnly.map(withoutTag)), [root])
})

async function registeredBoth(
  stack: string,
): Promise<readonly [readonly string[], readonly string[]]> {
  const all = identities(await registered(settingsOf(stack)))
  const border = identities(await registered(settingsOf(stack, { delivery: 'gitops' })))
  return [all, border]
}

test.serial('every object of ours says what it is and which stack it belongs to', async (t) => {
  for (const stack of ['dev', 'prod'])
    for (const object of (await registered(settingsOf(stack))).filter(isObject).map(objectOf)) {
      const { labels = {} } = object.metadata
      t.is(labels['app.kubernetes.io/part-of'], 'maru', identityOf(object))
      t.is(labels['app.kubernetes.io/instance'], stack, identityOf(object))
      t.truthy(labels['app.kubernetes.io/name'], identityOf(object))
    }
})

test.serial(
  'what is of the whole cluster carries the stack, so that two stacks never meet',
  async (t) => {
    for (const object of (await registered(settingsOf('dev'))).filter(isObject).map(objectOf)) {
      if (object.metadata.namespace !== undefined) continue
      const shared = ['argocd', 'envoy'].includes(object.metadata.name)
      t.true(shared || /^maru-dev(-|$)/.test(object.metadata.name), identityOf(object))
    }
  },
)

test.serial('no password reaches Pulumi as plain text', async (t) => {
  const text = JSON.stringify(await registered(settingsOf('dev')), marked)
  const secrets = (await registered(settingsOf('dev')))
    .map(objectOf)
    .filter(({ kind }) => kind === 'Secret')
  t.true(secrets.length > 8)
  t.notRegex(text, new RegExp(seed))
  for (const object of secrets) t.true(isSecret(object['stringData']), identityOf(object))
})

test.serial(
  'where operators are installed every chart is, at the version of the table',
  async (t) => {
    for (const stack of ['dev', 'prod']) {
      const settings = settingsOf(stack, { operators: 'install' })
      const charts = (await registered(settings)).filter(isRelease)
      const found = charts.map(({ inputs }) => `${inputs['name']} ${inputs['version']}`).sort()
      t.deepEqual(
        found,
        operatorsOf(settings)
          .map(({ name, version }) => `${name} ${version}`)
          .sort(),
      )
    }
  },
)

test.serial('images of a registry are taken by their digest', async (t) => {
  const images = { source: 'registry' as const, prefix: 'registry.example.com/maru', tag: 'dev' }
  const asked = await registered(settingsOf('dev', { images, operators: 'present' }))
  const deployment = asked
    .filter(isObject)
    .map(objectOf)
    .find((object) => identityOf(object) === 'apps/Deployment maru-dev/rank')
  const wanted = /"registry\.example\.com\/maru\/rank:[a-z-]+@sha256:0"/
  t.regex(JSON.stringify(deployment), wanted)
})

/** A migration's name carries its image where Pulumi makes it. */
const withoutTag = (identity: string): string =>
  identity.replace(/-migrate-[0-9a-f]{8}$/, '-migrate')

const missing = (wanted: readonly string[], there: readonly string[]): readonly string[] =>
  wanted.filter((one) => !there.includes(one))

/** How Pulumi marks a secret value on its way to the engine. */
const secretMark = '4dabf18193072939515e22adb298388d'
const isSecret = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && secretMark in value
const marked = (_: string, value: unknown): unknown => (isSecret(value) ? '(secret)' : value)
