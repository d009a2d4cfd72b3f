import { frontDoorName } from '../endpoints.ts'
import { always, componentOf, isComponent, targets, workloads } from './rule.ts'
import type { ObjectRule } from './rule.ts'

/** `part-of` among them: an update that takes it away would take the object away from the rules. */
const wantedLabels = ['name', 'instance', 'component', 'part-of'].map(
  (word) => `app.kubernetes.io/${word}`,
)

interface Network {
  readonly ingress?: readonly { readonly from?: readonly object[] }[]
}

/** Rules about what is around the pods: names, addresses, ways in, data. */
export const edgeRules: readonly ObjectRule[] = [
  {
    scope: 'object',
    id: 'labels',
    message: `metadata.labels must hold ${wantedLabels.join(', ')}`,
    targets: [
      ...workloads,
      targets.service,
      targets.configMap,
      targets.account,
      targets.network,
      targets.budget,
    ],
    level: always,
    check: ({ metadata }) => wantedLabels.every((label) => label in (metadata.labels ?? {})),
    cel: `has(object.metadata.labels) && ${wantedLabels.map((label) => `'${label}' in object.metadata.labels`).join(' && ')}`,
    bad: (good) => delete good.metadata.labels[wantedLabels[2] ?? ''],
  },
  {
    scope: 'object',
    id: 'service-type',
    message: 'spec.type of a Service must be ClusterIP: the public comes through the Gateway',
    targets: [targets.service],
    level: always,
    check: (object) => ((object['spec'] as { type?: string }).type ?? 'ClusterIP') === 'ClusterIP',
    cel: "!has(object.spec.type) || object.spec.type == 'ClusterIP'",
    bad: (good) => (good.spec.type = 'NodePort'),
  },
  {
    scope: 'object',
    id: 'drains',
    message:
      'spec.maxUnavailable of a disruption budget must let one replica go, without minAvailable',
    targets: [targets.budget],
    level: always,
    check: (object) => {
      const { maxUnavailable } = object['spec'] as { maxUnavailable?: number | string }
      return maxUnavailable !== undefined && !['0', '0%'].includes(String(maxUnavailable))
    },
    cel: "has(object.spec.maxUnavailable) && !(string(object.spec.maxUnavailable) in ['0', '0%'])",
    bad: (good) => (good.spec.maxUnavailable = 0),
  },
  {
    scope: 'object',
    id: 'named-callers',
    message:
      'spec.ingress of a service’s NetworkPolicy must name who comes in: from must not be empty',
    targets: [targets.network],
    level: always,
    // The API server, which calls the webhooks of operators, is outside of what a policy can name.
    check: (object) =>
      componentOf(object) !== 'service' ||
      ((object['spec'] as Network).ingress ?? []).every(({ from = [] }) => from.length > 0),
    cel: `!${isComponent(['service'])} || !has(object.spec.ingress) || object.spec.ingress.all(r, has(r.from) && size(r.from) > 0)`,
    bad: (good) => (good.spec.ingress = [{ ports: [{ port: 80 }] }]),
    good: ({ spec }) => ((spec as Network).ingress ?? []).length > 0,
  },
  {
    scope: 'object',
    id: 'front-door',
    message: `spec.parentRefs of an HTTPRoute must be the Gateway ${frontDoorName} and no other`,
    targets: [targets.route],
    level: always,
    check: (object) => {
      const { parentRefs = [] } = object['spec'] as { parentRefs?: readonly { name: string }[] }
      return parentRefs.length > 0 && parentRefs.every(({ name }) => name === frontDoorName)
    },
    cel: `has(object.spec.parentRefs) && size(object.spec.parentRefs) > 0 && object.spec.parentRefs.all(p, p.name == '${frontDoorName}')`,
    bad: (good) => good.spec.parentRefs.push({ name: 'other' }),
  },
  {
    scope: 'object',
    id: 'topic-copies',
    message: 'spec.replicas of a KafkaTopic must be at least 2: one broker may be lost',
    targets: [targets.topic],
    level: ({ protect }) => (protect ? 'deny' : 'off'),
    check: (object) => (object['spec'] as { replicas: number }).replicas >= 2,
    cel: 'object.spec.replicas >= 2',
    bad: (good) => (good.spec.replicas = 1),
  },
]
