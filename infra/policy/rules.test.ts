import test from 'ava'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { admissionObjects } from './admission.ts'
import { concerns, findings } from './check.ts'
import { doorPolicy, isStricterSomewhere, objectPolicy, stackPolicy } from './pack/policies.ts'
import type { Draft } from './rule.ts'
import { objectRules, stackRules } from './rules.ts'
import { fixturesOf, objectsOf } from './testing.ts'
import { variantOf, variants } from './variants.ts'

const prod = objectsOf('prod')

for (const stack of ['dev', 'prod'] as const)
  test(`${stack} breaks no rule`, (t) => {
    t.deepEqual(findings(objectsOf(stack), { protect: stack === 'prod' }), [])
  })

for (const rule of objectRules)
  test(`${rule.id}: good passes, bad is found, and Pulumi judges alike`, (t) => {
    const { good, bad } = fixturesOf(rule, prod)
    t.true(rule.check(good))
    t.false(rule.check(bad))
    t.deepEqual(judged(rule, good), [])
    t.is(judged(rule, bad).length, 1)
    t.regex(rule.message, /^[a-z]/)
  })

function judged(rule: (typeof objectRules)[number], object: KubernetesObject): readonly string[] {
  const said: string[] = []
  const policy = objectPolicy(rule)
  const [validate] = [policy.validateResource].flat()
  const type = `kubernetes:${object.apiVersion}:${object.kind}`
  void validate?.({ type, props: object } as never, (message) => void said.push(message))
  return said
}

for (const variant of variants)
  test(`${variant.name}: ${variant.breaks.join(', ') || 'fine'}, and Pulumi judges alike`, (t) => {
    const object = variantOf(variant, prod)
    const found = objectRules.filter((rule) => concerns(rule, object) && !rule.check(object))
    t.deepEqual(found.map(({ id }) => id).toSorted(), variant.breaks.toSorted())
    const said = objectRules.filter((rule) => judged(rule, object).length > 0)
    t.deepEqual(said, found)
  })

for (const rule of objectRules.filter(isStricterSomewhere))
  test(`${rule.id}: Pulumi refuses where the door denies, and nowhere else`, (t) => {
    const refusals = (stack: string, object: KubernetesObject): number => {
      const door = admissionObjects({ settings: { stack, protect: stack === 'prod' } })
      const asked = new Map([...door, object].map((one, index) => [`urn${index}`, one]))
      let said = 0
      void doorPolicy(rule, asked).validateStack({ resources: [] } as never, () => void (said += 1))
      return said
    }
    const { good, bad } = fixturesOf(rule, prod)
    t.is(refusals('prod', good), 0)
    t.is(refusals('prod', bad), 1)
    t.is(refusals('dev', bad), 0)
  })

for (const rule of stackRules)
  test(`${rule.id}: a bad stack is found, and Pulumi judges alike`, async (t) => {
    t.deepEqual(rule.check(prod), [])
    const bad = structuredClone(prod) as Draft[]
    rule.bad(bad)
    t.true(rule.check(bad as KubernetesObject[]).length > 0)
    const said: string[] = []
    const resources = bad.map((props: KubernetesObject) => ({
      type: `kubernetes:${props.apiVersion}:${props.kind}`,
      props,
      urn: props.metadata.name,
    }))
    await stackPolicy(rule, new Map()).validateStack(
      { resources } as never,
      (message) => void said.push(message),
    )
    t.true(said.length > 0)
  })

test('every break of every rule in every object that it is about is found', (t) => {
  let mutants = 0
  for (const rule of objectRules)
    for (const object of prod) {
      if (!concerns(rule, object)) continue
      const component = object.metadata.labels?.['app.kubernetes.io/component'] ?? ''
      if (exempt[rule.id]?.includes(component) === false) continue
      const bad = structuredClone(object) as Draft
      rule.bad(bad)
      mutants += 1
      t.true(
        findings([bad], { protect: true }).some((one) => one.rule === rule.id),
        `${rule.id} ${object.kind} ${object.metadata.name}`,
      )
    }
  t.true(mutants >= 100, `${mutants} mutants`)
})

/** Rules that are about some components only. */
const exempt: Readonly<Record<string, readonly string[]>> = {
  'user-id': ['service', 'migration'],
  'no-token': ['service', 'migration'],
  spread: ['service'],
  'named-callers': ['service'],
  'image-digest': ['service', 'migration', 'server'],
}
