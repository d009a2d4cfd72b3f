import { adminOffset, type Service } from '../../services/model/service.ts'
import { clusters, endpointsOf, namespacesOf } from '../endpoints.ts'
import { selectorOf, type KubernetesObject } from '../kubernetes/object.ts'
import { calleesOf, callersOf, enginesOf, speaksKafka } from './edges.ts'
import { metadataOf, owned, type StackContext } from './stack-context.ts'

const apiVersion = 'networking.k8s.io/v1'
const kind = 'NetworkPolicy'

/** Nothing may speak to anything in the stack's namespace unless a policy says so. */
export const defaultDeny = (context: StackContext): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: metadataOf('default-deny', 'network', context, 'maru'),
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
})

/** The edges of one service and no others: callers in, callees, stores, Kafka, names and traces out. */
export function networkPolicy(service: Service, context: StackContext): KubernetesObject {
  const { topology, settings } = context
  const { stack } = settings
  const callers = callersOf(topology, service).map((one) => podsOf(one.name, stack))
  const outside = service.fronts === 'all' ? [frontDoor] : []
  const from = [...callers, ...outside]
  return owned(service, context, {
    apiVersion,
    kind,
    spec: {
      podSelector: { matchLabels: selectorOf(service.name, stack) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        ...(from.length > 0 ? [{ from, ports: [tcp(service.port)] }] : []),
        { from: [namespace(namespacesOf(stack).observability)], ports: [tcp(adminPort(service))] },
        ...observers(service, context),
      ],
      egress: [...egress(service, context), names],
    },
  })
}

const adminPort = ({ port }: Service): number => port + adminOffset

/** Services that look at everybody's admin port. */
function observers(service: Service, { topology, settings }: StackContext) {
  const from = topology.services
    .filter((one) => one.observes === 'all' && one !== service)
    .map((one) => podsOf(one.name, settings.stack))
  return from.length > 0 ? [{ from, ports: [tcp(adminPort(service))] }] : []
}

function egress(service: Service, { topology, settings: { stack } }: StackContext) {
  const places = endpointsOf(stack)
  const callees = calleesOf(topology, service).map((callee) => ({
    to: [podsOf(callee.name, stack)],
    ports: [tcp(callee.port)],
  }))
  const stores = enginesOf(service).map((engine) => ({
    to: storePods[engine].map((matchLabels) => ({ podSelector: { matchLabels } })),
    ports: [tcp(places[engine].port)],
  }))
  const kafka = speaksKafka(service)
    ? [{ to: [{ podSelector: { matchLabels: kafkaPods } }], ports: [tcp(places.kafka.port)] }]
    : []
  const traces = {
    to: [
      {
        ...namespace(namespacesOf(stack).observability),
        podSelector: { matchLabels: { 'app.kubernetes.io/name': 'collector' } },
      },
    ],
    ports: [tcp(places.collector.port)],
  }
  return [...callees, ...stores, ...kafka, traces]
}

/** Labels that operators put on the pods of their clusters; Postgres is reached through its pooler and, to migrate, itself. */
export const storePods = {
  postgres: [
    { 'cnpg.io/poolerName': `${clusters.postgres}-pooler` },
    { 'cnpg.io/cluster': clusters.postgres },
  ],
  mariadb: [{ 'app.kubernetes.io/instance': clusters.mariadb }],
  redis: [{ 'app.kubernetes.io/name': clusters.redis }],
  opensearch: [{ 'opensearch.org/opensearch-cluster': clusters.opensearch }],
} as const

export const kafkaPods = { 'strimzi.io/cluster': clusters.kafka, 'strimzi.io/kind': 'Kafka' }

const podsOf = (name: string, stack: string) => ({
  podSelector: { matchLabels: selectorOf(name, stack) },
})

const namespace = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
})

/** Where Envoy Gateway runs the proxies of a Gateway. */
const frontDoor = namespace('envoy-gateway-system')

const tcp = (port: number) => ({ protocol: 'TCP', port })

const names = {
  to: [
    {
      ...namespace('kube-system'),
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
}
