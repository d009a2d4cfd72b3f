import type { Service } from '../../services/model/service.ts'
import type { StoreKind } from '../../services/model/store.ts'
import type { Topology } from '../../services/model/topology.ts'
import { clusters, endpointsOf, namespacesOf } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { speaksKafka } from '../../services/model/service.ts'
import { enginesOf } from '../workloads/edges.ts'
import { kafkaPods, storePods } from '../workloads/network.ts'
import { metadataOf } from '../workloads/stack-context.ts'
import {
  anywhere,
  apiServer,
  everyoneIn,
  nameServers,
  pods,
  servicePods,
  tcp,
  type Peer,
} from '../kubernetes/network-peers.ts'

/** Whose edges lead to the servers. */
export interface StoreNetworkArgs {
  readonly settings: Settings
  readonly topology: Pick<Topology, 'services'>
}

/** One rule: who may come, or where to go, on which ports; without ports on all. */
interface Edge {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly protocol: string; readonly port: number }[]
}

/** One policy: which pods it is about, who comes in, and where they go beyond each other and the name servers. */
interface Gate {
  readonly name: string
  readonly selected: Peer
  readonly ingress: readonly Edge[]
  readonly egress: readonly Edge[]
}

/** Labels of the operators' own pods, wherever they run. */
const operators = {
  strimzi: anywhere({ 'strimzi.io/kind': 'cluster-operator' }),
  keda: anywhere({ app: 'keda-operator' }),
  postgres: anywhere({ 'app.kubernetes.io/name': 'cloudnative-pg' }),
  mariadb: anywhere({ 'app.kubernetes.io/name': 'mariadb-operator' }),
  opensearch: anywhere({ 'control-plane': 'controller-manager' }),
}

/** Ports that the servers' makers chose, beside those on which they serve. */
const ports = {
  kafkaControl: 9090,
  kafkaReplication: 9091,
  kafkaAgent: 8443,
  kafkaMetrics: 9404,
  postgresStatus: 8000,
  postgresMetrics: 9187,
  poolerMetrics: 9127,
  mariadbAgent: 5555,
  mariadbMetrics: 9104,
  redisMetrics: 9121,
}

/**
 * Who may speak to the servers of a stack: services by their declarations, the operators, what is measured, and the
 * servers among themselves. The stack's default is that nobody may.
 */
export const storeNetworkPolicies = (args: StoreNetworkArgs): readonly KubernetesObject[] =>
  [kafka(args), ...postgres(args), ...mariadb(args), redis(args), ...opensearch(args)].map((gate) =>
    policy(gate, args.settings),
  )

const policy = (
  { name, selected, ingress, egress }: Gate,
  settings: Settings,
): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: metadataOf(`server-${name}`, 'network', { settings }, name),
  spec: {
    ...selected,
    policyTypes: ['Ingress', 'Egress'],
    // A rule without peers would let everybody in.
    ingress: [{ from: [selected] }, ...ingress.filter(({ from }) => from?.length !== 0)],
    egress: [{ to: [selected] }, ...egress],
  },
})

const owners = (engine: StoreKind, args: StoreNetworkArgs): readonly Peer[] =>
  servicesWhere((one) => enginesOf(one).includes(engine), args)

const servicesWhere = (
  chosen: (service: Service) => boolean,
  { settings: { stack }, topology: { services } }: StoreNetworkArgs,
): readonly Peer[] => services.filter(chosen).map(({ name }) => servicePods(name, stack))

const measured = ({ settings: { stack } }: StoreNetworkArgs, port: number): Edge => ({
  from: [everyoneIn(namespacesOf(stack).observability)],
  ports: [tcp(port)],
})

function kafka(args: StoreNetworkArgs): Gate {
  const { port } = endpointsOf(args.settings.stack).kafka
  return {
    name: 'kafka',
    selected: pods(kafkaPods),
    ingress: [
      // KEDA reads consumer lag.
      { from: [...servicesWhere(speaksKafka, args), operators.keda], ports: [tcp(port)] },
      {
        from: [operators.strimzi],
        ports: [tcp(ports.kafkaControl), tcp(ports.kafkaReplication), tcp(ports.kafkaAgent)],
      },
      measured(args, ports.kafkaMetrics),
    ],
    egress: [nameServers, apiServer],
  }
}

function postgres(args: StoreNetworkArgs): readonly Gate[] {
  const { postgres: server, postgresPooler } = endpointsOf(args.settings.stack)
  const users = owners('postgres', args)
  // Poolers and the Jobs that make an instance carry the cluster's label too.
  const instances = pods({ 'cnpg.io/cluster': clusters.postgres })
  const poolers = pods({ 'cnpg.io/poolerName': postgresPooler.host })
  return [
    {
      name: 'postgres',
      selected: instances,
      ingress: [
        { from: [...users, poolers], ports: [tcp(server.port)] },
        { from: [operators.postgres], ports: [tcp(server.port), tcp(ports.postgresStatus)] },
        measured(args, ports.postgresMetrics),
      ],
      egress: [nameServers, apiServer],
    },
    {
      name: 'postgres-pooler',
      selected: poolers,
      ingress: [
        { from: users, ports: [tcp(postgresPooler.port)] },
        measured(args, ports.poolerMetrics),
      ],
      egress: [{ to: [instances], ports: [tcp(server.port)] }, nameServers, apiServer],
    },
  ]
}

function mariadb(args: StoreNetworkArgs): readonly Gate[] {
  const { port } = endpointsOf(args.settings.stack).mariadb
  const servers = pods(storePods.mariadb[0])
  // The operator runs the exporter as a Deployment of its own.
  const exporter = pods({ 'app.kubernetes.io/instance': `${clusters.mariadb}-metrics` })
  return [
    {
      name: 'mariadb',
      selected: servers,
      ingress: [
        { from: [...owners('mariadb', args), exporter], ports: [tcp(port)] },
        { from: [operators.mariadb], ports: [tcp(port), tcp(ports.mariadbAgent)] },
      ],
      egress: [nameServers, apiServer],
    },
    {
      name: 'mariadb-metrics',
      selected: exporter,
      ingress: [measured(args, ports.mariadbMetrics)],
      egress: [{ to: [servers], ports: [tcp(port)] }, nameServers],
    },
  ]
}

const redis = (args: StoreNetworkArgs): Gate => ({
  name: 'redis',
  selected: servicePods(clusters.redis, args.settings.stack),
  ingress: [
    { from: owners('redis', args), ports: [tcp(endpointsOf(args.settings.stack).redis.port)] },
    measured(args, ports.redisMetrics),
  ],
  egress: [],
})

function opensearch(args: StoreNetworkArgs): readonly Gate[] {
  const { port } = endpointsOf(args.settings.stack).opensearch
  const nodes = pods(storePods.opensearch[0])
  // The Job that writes users and roles into the cluster.
  const job = pods({ 'opensearch.org/opensearch-job': securityJob })
  return [
    {
      name: 'opensearch',
      selected: nodes,
      ingress: [
        { from: [...owners('opensearch', args), operators.opensearch, job], ports: [tcp(port)] },
      ],
      egress: [nameServers],
    },
    {
      name: 'opensearch-security',
      selected: job,
      ingress: [],
      egress: [{ to: [nodes], ports: [tcp(port)] }, nameServers],
    },
  ]
}

const securityJob = `${clusters.opensearch}-securityconfig-update`
