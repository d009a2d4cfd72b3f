import * as pulumi from '@pulumi/pulumi'
import { namespacesOf } from '../endpoints.ts'
import { labelsOf, partOf, type KubernetesObject } from '../kubernetes/object.ts'
import { register } from '../kubernetes/registered.ts'
import type { Settings } from '../settings.ts'
import { podExpression, policyName, type Level, type ObjectRule, type Target } from './rule.ts'
import { objectRules } from './rules.ts'

/** The rules at a cluster's door. */
export interface AdmissionArgs {
  readonly settings: Pick<Settings, 'stack' | 'protect'>
}

/**
 * Every rule as a ValidatingAdmissionPolicy, bound to the stack's namespaces and to what is part of Maru: whoever applies
 * it, by Pulumi, by Argo CD or by hand.
 */
export const admissionObjects = ({ settings }: AdmissionArgs): readonly KubernetesObject[] =>
  objectRules.flatMap((rule) => {
    const level = rule.level(settings)
    return level === 'off' ? [] : [policy(rule, settings), binding(rule, level, settings)]
  })

const metadata = (rule: ObjectRule, { stack }: AdmissionArgs['settings']) => ({
  name: policyName(stack, rule),
  labels: labelsOf(policyName(stack, rule), 'policy', stack),
})

const policy = (rule: ObjectRule, settings: AdmissionArgs['settings']): KubernetesObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: metadata(rule, settings),
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      objectSelector: { matchLabels: partOf },
      resourceRules: rule.targets.map(resourceRule),
    },
    matchConditions: [{ name: 'made-by-nobody-else', expression: unowned }],
    ...(rule.cel.includes('variables.pod') && {
      variables: [{ name: 'pod', expression: podExpression }],
    }),
    validations: [{ expression: rule.cel, message: `${rule.id}: ${rule.message}` }],
  },
})

/**
 * Operators hand the label of their custom resources on to what they make of them, and make it by rules of their own. Who
 * claims a false owner wins nothing that lasts: what has no living owner is collected as garbage.
 */
const unowned =
  '!has(object.metadata.ownerReferences) || size(object.metadata.ownerReferences) == 0'

function resourceRule({ apiVersion, plural }: Target) {
  const [group = '', version = ''] = apiVersion.includes('/')
    ? apiVersion.split('/')
    : ['', apiVersion]
  return {
    apiGroups: [group],
    apiVersions: [version],
    operations: ['CREATE', 'UPDATE'],
    resources: [plural],
  }
}

const actions: Readonly<Record<Exclude<Level, 'off'>, readonly string[]>> = {
  deny: ['Deny'],
  warn: ['Warn', 'Audit'],
}

function binding(
  rule: ObjectRule,
  level: Exclude<Level, 'off'>,
  settings: AdmissionArgs['settings'],
): KubernetesObject {
  const { platform, observability } = namespacesOf(settings.stack)
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: metadata(rule, settings),
    spec: {
      policyName: policyName(settings.stack, rule),
      validationActions: actions[level],
      matchResources: {
        namespaceSelector: {
          matchExpressions: [
            {
              key: 'kubernetes.io/metadata.name',
              operator: 'In',
              values: [platform, observability],
            },
          ],
        },
      },
    },
  }
}

/** Registers the rules at the door of a stack's namespaces. */
export class Admission extends pulumi.ComponentResource {
  constructor(name: string, args: AdmissionArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:policy:Admission', name, {}, options)
    for (const object of admissionObjects(args)) register(object, { parent: this })
    this.registerOutputs({})
  }
}
