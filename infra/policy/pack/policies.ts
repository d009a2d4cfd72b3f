import type { ResourceValidationPolicy, StackValidationPolicy } from '@pulumi/policy'
import { identityOf, type KubernetesObject } from '../../kubernetes/object.ts'
import { concerns } from '../check.ts'
import type { Settings } from '../../settings.ts'
import type { ObjectRule, StackRule } from '../rule.ts'

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

/** A rule about one object. What the stack's cluster would only warn of is advice here too. */
export const objectPolicy = (
  rule: ObjectRule,
  settings: Pick<Settings, 'protect'>,
): ResourceValidationPolicy => ({
  name: rule.id,
  description: description(rule.message),
  enforcementLevel: enforcement[rule.level(settings)],
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
