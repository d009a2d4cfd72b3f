import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'

/** What becomes of an object that breaks a rule. `off`: the rule is not for this stack. */
export type Level = 'deny' | 'warn' | 'off'

/** A kind, as admission names it. */
export interface Target {
  readonly kind: string
  readonly apiVersion: string
  readonly plural: string
}

/** A rule about one object: the same judgement in TypeScript and in CEL. */
export interface ObjectRule {
  readonly scope: 'object'
  readonly id: string
  readonly targets: readonly Target[]
  /** One sentence: the field, and what it must be. */
  readonly message: string
  level(settings: Pick<Settings, 'protect'>): Level
  /** Whether the object keeps it. Only asked for objects of `targets`. */
  check(object: KubernetesObject): boolean
  /** The same as an expression over `object` (and `variables.pod`, the pod template's spec). */
  readonly cel: string
  /** Makes a good object bad; what it is given is a copy. */
  bad(good: Draft): void
  /** Which object of a stack is the good one, where its kind does not say so. */
  readonly good?: (object: KubernetesObject) => boolean
}

/** A rule about how objects fit together. */
export interface StackRule {
  readonly scope: 'stack'
  readonly id: string
  readonly message: string
  /** The objects that break it. */
  check(objects: readonly KubernetesObject[]): readonly KubernetesObject[]
  /** Makes a good stack bad. */
  bad(objects: Draft[]): void
}

/** An object that a fixture changes. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- fixtures reach into every kind
export type Draft = any

export const always = (): Level => 'deny'

const target = (apiVersion: string, kind: string, plural: string): Target => ({
  apiVersion,
  kind,
  plural,
})

/** Kinds with a pod template, those that no stack uses included: who applies one by hand is bound too. */
export const workloads: readonly Target[] = [
  target('apps/v1', 'Deployment', 'deployments'),
  target('apps/v1', 'StatefulSet', 'statefulsets'),
  target('apps/v1', 'DaemonSet', 'daemonsets'),
  target('batch/v1', 'Job', 'jobs'),
  target('batch/v1', 'CronJob', 'cronjobs'),
]

export const targets = {
  deployment: target('apps/v1', 'Deployment', 'deployments'),
  statefulSet: target('apps/v1', 'StatefulSet', 'statefulsets'),
  service: target('v1', 'Service', 'services'),
  configMap: target('v1', 'ConfigMap', 'configmaps'),
  account: target('v1', 'ServiceAccount', 'serviceaccounts'),
  budget: target('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  network: target('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  route: target('gateway.networking.k8s.io/v1', 'HTTPRoute', 'httproutes'),
  topic: target('kafka.strimzi.io/v1', 'KafkaTopic', 'kafkatopics'),
  nodePool: target('kafka.strimzi.io/v1', 'KafkaNodePool', 'kafkanodepools'),
  database: target('postgresql.cnpg.io/v1', 'Database', 'databases'),
} as const

/** CEL: an expression over `c` holds for every container of `variables.pod`, those that run before the others included. */
export const everyContainer = (expression: string): string =>
  `variables.pod.containers.all(c, ${expression}) && (!has(variables.pod.initContainers) || variables.pod.initContainers.all(c, ${expression}))`

/** CEL: specification of a workload's pods. */
export const podExpression =
  'has(object.spec.jobTemplate) ? object.spec.jobTemplate.spec.template.spec : object.spec.template.spec'

/** CEL: the object is one of these components. An expression that asks for a label that is not there fails. */
export const isComponent = (names: readonly string[]): string =>
  `(has(object.metadata.labels) && object.metadata.labels[?'app.kubernetes.io/component'].orValue('') in [${names.map((name) => `'${name}'`).join(', ')}])`

/** A pod's specification, as far as the rules look. */
export interface Pod {
  readonly automountServiceAccountToken?: boolean
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly serviceAccountName?: string
  readonly securityContext?: Identity
  readonly topologySpreadConstraints?: readonly object[]
  readonly volumes?: readonly { readonly hostPath?: object }[]
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
}

/** Who a pod runs as; what a container says of it wins over what its pod says. */
interface Identity {
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly seccompProfile?: { readonly type?: string }
}

export interface Container {
  readonly image: string
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly ports?: readonly {
    readonly hostPort?: number
    readonly containerPort: number
    readonly name?: string
  }[]
  readonly readinessProbe?: object
  readonly livenessProbe?: object
  readonly resources?: {
    readonly requests?: { readonly cpu?: string; readonly memory?: string }
    readonly limits?: { readonly memory?: string }
  }
  readonly securityContext?: Identity & {
    readonly privileged?: boolean
    readonly allowPrivilegeEscalation?: boolean
    readonly readOnlyRootFilesystem?: boolean
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
  }
}

/** Name of a rule's policy in a cluster. */
export const policyName = (stack: string, { id }: Pick<ObjectRule, 'id'>): string =>
  `maru-${stack}-${id}`

/** Specification of a workload's pods. */
export function podOf(object: KubernetesObject): Pod {
  const { jobTemplate, template } = object['spec'] as Partial<Templated> & {
    readonly jobTemplate?: { readonly spec: Templated }
  }
  return (jobTemplate?.spec.template ?? (template as Templated['template'])).spec
}

interface Templated {
  readonly template: { readonly spec: Pod }
}

/** Containers, those that run before the others included. */
export const containersOf = (object: KubernetesObject): readonly Container[] => {
  const { containers, initContainers = [] } = podOf(object)
  return [...containers, ...initContainers]
}

export const componentOf = ({ metadata }: KubernetesObject): string =>
  metadata.labels?.['app.kubernetes.io/component'] ?? ''
