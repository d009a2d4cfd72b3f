import type { KubernetesObject } from '../kubernetes/object.ts'
import { podOf, type StackRule } from './rule.ts'

type Labels = Readonly<Record<string, string>>

const ofKind = (objects: readonly KubernetesObject[], ...kinds: readonly string[]) =>
  objects.filter(({ kind }) => kinds.includes(kind))

const specOf = <Spec>(object: KubernetesObject): Spec => object['spec'] as Spec

/** Of kinds whose fields stand beside `metadata`. */
const specless = <Fields>(object: KubernetesObject): Fields => object as unknown as Fields

const identityIn = ({ metadata: { namespace, name } }: KubernetesObject): string =>
  `${namespace}/${name}`

const selects = (selector: Labels | undefined, labels: Labels): boolean =>
  Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value)

const podLabels = (workload: KubernetesObject): Labels =>
  specOf<{ template: { metadata: { labels: Labels } } }>(workload).template.metadata.labels

const sameSpace = (a: KubernetesObject, b: KubernetesObject): boolean =>
  a.metadata.namespace === b.metadata.namespace

interface Selecting {
  readonly podSelector?: { readonly matchLabels?: Labels }
  readonly selector?: { readonly matchLabels?: Labels }
}

/** Deployments for which no object of that kind selects the pods. */
const without = (
  objects: readonly KubernetesObject[],
  kind: string,
  labelsOf: (spec: Selecting) => Labels | undefined,
): readonly KubernetesObject[] =>
  ofKind(objects, 'Deployment').filter(
    (deployment) =>
      !ofKind(objects, kind).some((one) => {
        const labels = labelsOf(specOf(one))
        const named = labels !== undefined && Object.keys(labels).length > 0
        return named && sameSpace(one, deployment) && selects(labels, podLabels(deployment))
      }),
  )

const drop = (objects: { kind: string }[], kind: string): void => {
  objects.splice(
    objects.findIndex((one) => one.kind === kind),
    1,
  )
}

/** Kinds of a whole cluster, among those that Maru makes. */
const clusterWide = [
  'Namespace',
  'GatewayClass',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
]

interface Binding {
  readonly subjects?: readonly { readonly name: string; readonly namespace?: string }[]
}
interface Route {
  readonly parentRefs?: readonly { readonly name: string; readonly namespace?: string }[]
}
interface Monitor {
  readonly selector: { readonly matchLabels: Labels }
  readonly endpoints: readonly { readonly port: string }[]
}
interface Ports {
  readonly selector?: Labels
  readonly ports?: readonly { readonly name: string; readonly targetPort?: number | string }[]
}

export const stackRules: readonly StackRule[] = [
  {
    scope: 'stack',
    id: 'one-scaler',
    message:
      'spec.replicas must be absent where a scaler owns it: each apply would undo the scaler',
    check: (objects) => {
      const scaled = ofKind(objects, 'HorizontalPodAutoscaler', 'ScaledObject').map((one) => [
        one.metadata.namespace,
        specOf<{ scaleTargetRef: { name: string } }>(one).scaleTargetRef.name,
      ])
      return ofKind(objects, 'Deployment').filter(
        (one) =>
          specOf<{ replicas?: number }>(one).replicas !== undefined &&
          scaled.some(
            ([space, name]) => space === one.metadata.namespace && name === one.metadata.name,
          ),
      )
    },
    bad: (objects) => {
      const scaled = objects.find(({ kind }) => kind === 'HorizontalPodAutoscaler')
      const name = scaled.spec.scaleTargetRef.name
      objects.find((one) => one.kind === 'Deployment' && one.metadata.name === name).spec.replicas =
        2
    },
  },
  {
    scope: 'stack',
    id: 'has-budget',
    message:
      'a Deployment of several replicas must have a PodDisruptionBudget, so that a drain takes one at a time',
    check: (objects) =>
      without(objects, 'PodDisruptionBudget', ({ selector }) => selector?.matchLabels).filter(
        (one) => specOf<{ replicas?: number }>(one).replicas !== 1,
      ),
    bad: (objects) => drop(objects, 'PodDisruptionBudget'),
  },
  {
    scope: 'stack',
    id: 'has-network-policy',
    message: 'a Deployment must have a NetworkPolicy of its own',
    check: (objects) =>
      without(objects, 'NetworkPolicy', ({ podSelector }) => podSelector?.matchLabels),
    bad: (objects) => {
      const at = objects.findIndex(
        (one) => one.kind === 'NetworkPolicy' && one.metadata.name === 'gateway',
      )
      objects.splice(at, 1)
    },
  },
  {
    scope: 'stack',
    id: 'has-account',
    message: 'a workload must run as a ServiceAccount that is made beside it',
    check: (objects) =>
      ofKind(objects, 'Deployment', 'StatefulSet', 'Job').filter(
        (workload) =>
          !ofKind(objects, 'ServiceAccount').some(
            (account) =>
              sameSpace(account, workload) &&
              account.metadata.name === podOf(workload).serviceAccountName,
          ),
      ),
    bad: (objects) => drop(objects, 'ServiceAccount'),
  },
  {
    scope: 'stack',
    id: 'token-has-role',
    message:
      'spec.template.spec.automountServiceAccountToken must be false unless a role is bound to the ServiceAccount: a token without rights is a way in for nothing',
    check: (objects) => {
      const bound = ofKind(objects, 'RoleBinding', 'ClusterRoleBinding').flatMap((binding) =>
        (specless<Binding>(binding).subjects ?? []).map(
          ({ name, namespace = binding.metadata.namespace }) => `${namespace}/${name}`,
        ),
      )
      return ofKind(objects, 'Deployment', 'StatefulSet', 'Job').filter(
        (workload) =>
          podOf(workload).automountServiceAccountToken !== false &&
          !bound.includes(`${workload.metadata.namespace}/${podOf(workload).serviceAccountName}`),
      )
    },
    bad: (objects) => {
      const { spec } = objects.find(({ kind }) => kind === 'StatefulSet')
      spec.template.spec.automountServiceAccountToken = true
    },
  },
  {
    scope: 'stack',
    id: 'named-namespace',
    message: 'metadata.namespace must be a namespace of the stack, never default',
    check: (objects) =>
      objects.filter(
        ({ kind, metadata: { namespace = 'default' } }) =>
          namespace === 'default' && !clusterWide.includes(kind),
      ),
    bad: (objects) => delete objects.find(({ kind }) => kind === 'ConfigMap').metadata.namespace,
  },
  {
    scope: 'stack',
    id: 'route-gateway',
    message: 'spec.parentRefs of an HTTPRoute must lead to a Gateway of the stack',
    check: (objects) => {
      const gateways = ofKind(objects, 'Gateway').map(identityIn)
      return ofKind(objects, 'HTTPRoute').filter(
        (route) =>
          !(specOf<Route>(route).parentRefs ?? []).every(
            ({ name, namespace = route.metadata.namespace }) =>
              gateways.includes(`${namespace}/${name}`),
          ),
      )
    },
    bad: (objects) => {
      objects.find(({ kind }) => kind === 'HTTPRoute').spec.parentRefs[0].namespace = 'elsewhere'
    },
  },
  {
    scope: 'stack',
    id: 'monitor-port',
    message: 'a ServiceMonitor must look at a port that a Service has',
    check: (objects) =>
      ofKind(objects, 'ServiceMonitor').filter((monitor) => {
        const { selector, endpoints } = specOf<Monitor>(monitor)
        const services = ofKind(objects, 'Service').filter(
          (one) =>
            sameSpace(one, monitor) && selects(selector.matchLabels, one.metadata.labels ?? {}),
        )
        return !endpoints.every(({ port }) =>
          services.some((one) => specOf<Ports>(one).ports?.some(({ name }) => name === port)),
        )
      }),
    bad: (objects) => {
      objects.find(({ kind }) => kind === 'ServiceMonitor').spec.endpoints[0].port = 'metrics'
    },
  },
  {
    scope: 'stack',
    id: 'service-target',
    message: 'a Service must select pods of this stack, and lead to ports that they have',
    check: (objects) =>
      ofKind(objects, 'Service').filter((service) => {
        const { selector, ports = [] } = specOf<Ports>(service)
        const behind = ofKind(objects, 'Deployment', 'StatefulSet').filter(
          (one) => sameSpace(one, service) && selects(selector, podLabels(one)),
        )
        const names = behind.flatMap((one) =>
          podOf(one).containers.flatMap(({ ports: own = [] }) =>
            own.flatMap(({ name, containerPort }) => [name, containerPort]),
          ),
        )
        return (
          behind.length > 0 &&
          !ports.every(({ targetPort, name }) => names.includes((targetPort ?? name) as never))
        )
      }),
    bad: (objects) => {
      objects.find(
        (one) => one.kind === 'Service' && one.metadata.name === 'gateway',
      ).spec.ports[0].targetPort = 'web'
    },
  },
]
