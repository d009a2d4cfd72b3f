import type { ResourceValidationPolicy, StackValidationPolicy } from '@pulumi/policy'
import { identityOf, type KubernetesObject } from '../../kubernetes/object.ts'
import { concerns } from '../check.ts'
import { policyName, type ObjectRule, type StackRule } from '../rule.ts'

/** A resource of Pulumi, as its policies see it. */
interface Resource {
  readonly type: string
  readonly props: Readonly<Record<string, unknown>>
}

/** The Kubernetes object of a resource; undefined for components, providers and releases. */
export function objectOf({ type, props }: Resource): KubernetesObject | undefined {
  const isObject = type.startsWith('kubernetes:') && 'apiVersion' in props && 'metadata' in props
  return isObject ? (props as unknown as KubernetesObject) : undefined
}

const description = (message: string): string => `${message}.`

const enforcement = { deny: 'mandatory', warn: 'advisory', off: 'disabled' } as const

/** A rule about one object, at its mildest: what every stack refuses is refused, the rest is advice. */
export const objectPolicy = (rule: ObjectRule): ResourceValidationPolicy => ({
  name: rule.id,
  description: description(rule.message),
  enforcementLevel: enforcement[rule.level({ protect: false })],
  validateResource: (args, report) => {
    const object = objectOf(args)
    if (object && concerns(rule, object) && !rule.check(object))
      report(`${identityOf(object)}: ${rule.message}`)
  },
})

/** Objects as they are asked for, by URN. A stack policy sees what the server made of them, its defaults among them. */
export type Asked = Map<string, KubernetesObject>

/** Notes what is asked for; refuses nothing. */
export const note = (asked: Asked): ResourceValidationPolicy => ({
  name: 'notes',
  description: 'Notes the objects for the rules about how they fit together.',
  enforcementLevel: 'advisory',
  validateResource: (args) => {
    const object = objectOf(args)
    if (object) asked.set(args.urn, object)
  },
})

/** True for a rule that a protected stack takes more seriously. */
export const isStricterSomewhere = ({ level }: ObjectRule): boolean =>
  level({ protect: true }) !== level({ protect: false })

/**
 * A rule about one object where the stack is protected. A pack is not told the stack's configuration, but it sees the
 * bindings that the same program makes: what the cluster's door will deny is refused here.
 */
export const doorPolicy = (rule: ObjectRule, asked: Asked): StackValidationPolicy => ({
  name: `${rule.id}-at-the-door`,
  description: description(rule.message),
  enforcementLevel: 'mandatory',
  validateStack: (_, report) => {
    if (![...asked.values()].some((object) => denies(object, rule))) return
    for (const [urn, object] of asked)
      if (concerns(rule, object) && !rule.check(object))
        report(`${identityOf(object)}: ${rule.message}`, urn)
  },
})

function denies({ kind, metadata, spec }: KubernetesObject, rule: ObjectRule): boolean {
  if (kind !== 'ValidatingAdmissionPolicyBinding') return false
  const stack = metadata.labels?.['app.kubernetes.io/instance'] ?? ''
  const binding = spec as { policyName: string; validationActions: readonly string[] }
  return (
    binding.policyName === policyName(stack, rule) && binding.validationActions.includes('Deny')
  )
}

/** A rule about all objects: `validateStack` sees every type, unlike its typed variants. */
export const stackPolicy = (rule: StackRule, asked: Asked): StackValidationPolicy => ({
  name: rule.id,
  description: description(rule.message),
  enforcementLevel: 'mandatory',
  validateStack: ({ resources }, report) => {
    const byObject = new Map(
      resources.flatMap((resource) => {
        const object = asked.get(resource.urn) ?? objectOf(resource)
        return object ? [[object, resource.urn] as const] : []
      }),
    )
    for (const object of rule.check([...byObject.keys()]))
      report(`${identityOf(object)}: ${rule.message}`, byObject.get(object))
  },
})
