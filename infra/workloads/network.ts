import { adminOffset, speaksKafka, type Service } from '../../services/model/service.ts'
import { clusters, endpointsOf, namespacesOf } from '../endpoints.ts'
import { frontDoorPods } from '../foundation/front-door-objects.ts'
import {
  anywhere,
  everyoneIn,
  nameServers,
  pods,
  servicePods,
  tcp,
} from '../kubernetes/network-peers.ts'
import { selectorOf, type KubernetesObject } from '../kubernetes/object.ts'
import { calleesOf, callersOf, enginesOf } from './edges.ts'
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
  const callers = callersOf(topology, service).map((one) => servicePods(one.name, stack))
  const outside = service.fronts === 'all' ? [anywhere(frontDoorPods(settings))] : []
  const from = [...callers, ...outside]
  return owned(service, context, {
    apiVersion,
    kind,
    spec: {
      podSelector: { matchLabels: selectorOf(service.name, stack) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        ...(from.length > 0 ? [{ from, ports: [tcp(service.port)] }] : []),
        { from: [everyoneIn(namespacesOf(stack).observability)], ports: [tcp(adminPort(service))] },
        ...observers(service, context),
      ],
      egress: [...egress(service, context), nameServers],
    },
  })
}

const adminPort = ({ port }: Service): number => port + adminOffset

/** Services that look at everybody's admin port. */
function observers(service: Service, { topology, settings }: StackContext) {
  const from = topology.services
    .filter((one) => one.observes === 'all' && one !== service)
    .map((one) => servicePods(one.name, settings.stack))
  return from.length > 0 ? [{ from, ports: [tcp(adminPort(service))] }] : []
}

function egress(service: Service, { topology, settings: { stack } }: StackContext) {
  const places = endpointsOf(stack)
  const callees = calleesOf(topology, service).map((callee) => ({
    to: [servicePods(callee.name, stack)],
    ports: [tcp(callee.port)],
  }))
  const stores = enginesOf(service).map((engine) => ({
    to: storePods[engine].map(pods),
    ports: [tcp(places[engine].port)],
  }))
  const kafka = speaksKafka(service)
    ? [{ to: [pods(kafkaPods)], ports: [tcp(places.kafka.port)] }]
    : []
  const traces = {
    to: [
      {
        ...everyoneIn(namespacesOf(stack).observability),
        ...pods({ 'app.kubernetes.io/name': 'collector' }),
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
