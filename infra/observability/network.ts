import { namespacesOf } from '../endpoints.ts'
import { frontDoorPods } from '../foundation/front-door-objects.ts'
import { operatorNamed } from '../foundation/operator-table.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { metadataOf } from './observed-metadata.ts'
import { metricsChart } from './prometheus-values.ts'

type Labels = Readonly<Record<string, string>>
type Port = number | { readonly port: number; readonly protocol: 'TCP' | 'UDP' }

/** One way that is open, seen from the pod in question; without peers it is open to or from anywhere. */
interface Way {
  readonly peers?: readonly object[]
  /** All ports if absent. */
  readonly ports?: readonly Port[]
}

interface Ways {
  readonly in?: readonly Way[]
  readonly out?: readonly Way[]
}

/** Nothing in the observability namespace may speak to anything, but for these ways. */
export function networkObjects(settings: Settings): readonly KubernetesObject[] {
  const ways = { ...ownWays(settings.stack), ...(installed(settings) ? chartWays(settings) : {}) }
  return [
    policy('default-deny', {}, {}, settings),
    policy('names', {}, { out: [names] }, settings),
    ...Object.entries(ways).map(([name, way]) => policy(name, named(name), way, settings)),
    ...(installed(settings) ? [policy('metrics-chart', chartPods, chartOwn, settings)] : []),
  ]
}

const installed = ({ operators }: Settings): boolean => operators === 'install'

const named = (name: string): Labels => ({ 'app.kubernetes.io/name': name })
/** Everything of the chart that is not made by its operator. */
const chartPods = { 'app.kubernetes.io/instance': operatorNamed(metricsChart).name }

const pods = (name: string) => ({ podSelector: { matchLabels: named(name) } })
const within = (namespace: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
})

const names: Way = {
  peers: [{ ...within('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
  ports: [{ port: 53, protocol: 'UDP' }, 53],
}

/** The API server is no pod: it is known by its ports only. */
const apiServer: Way = { ports: [443, 6443] }

const scraped = (port: number): Way => ({ peers: [pods('prometheus')], ports: [port] })
const to = (name: string, port: number): Way => ({ peers: [pods(name)], ports: [port] })
const from = (asking: readonly string[], port: number): Way => ({
  peers: asking.map(pods),
  ports: [port],
})

/** Ways of the servers that Maru runs itself. */
const ownWays = (stack: string): Readonly<Record<string, Ways>> => ({
  collector: {
    in: [{ peers: [within(namespacesOf(stack).platform)], ports: [4317, 4318] }, scraped(8888)],
    out: [to('tempo', 4317), apiServer],
  },
  tempo: {
    in: [from(['collector'], 4317), from(['grafana', 'prometheus'], 3200)],
    out: [to('prometheus', 9090)],
  },
  loki: { in: [from(['alloy', 'grafana', 'prometheus'], 3100)] },
  alloy: { in: [scraped(12_345)], out: [to('loki', 3100), apiServer] },
})

/** Ways of what the chart runs. */
const chartWays = (settings: Settings): Readonly<Record<string, Ways>> => ({
  prometheus: {
    in: [from(['grafana', 'tempo', 'prometheus'], 9090), scraped(8080)],
    // Targets are wherever monitors are, on their own ports; kubelets and node exporters are no pods of a network.
    out: [{ peers: [{ namespaceSelector: {} }] }, { ports: [443, 6443, 10_250, 9100] }],
  },
  alertmanager: {
    in: [from(['prometheus', 'grafana'], 9093), scraped(8080)],
    // Whoever is told of alerts.
    out: [{ ports: [443] }],
  },
  grafana: {
    in: [
      scraped(3000),
      {
        peers: [{ namespaceSelector: {}, podSelector: { matchLabels: frontDoorPods(settings) } }],
        ports: [3000],
      },
    ],
    out: [to('prometheus', 9090), to('alertmanager', 9093), to('tempo', 3200), to('loki', 3100)],
  },
})

/** The operator's webhook is called by the API server; all of the chart watch objects there. */
const chartOwn: Ways = { in: [{ ports: [10_250] }, scraped(8080), scraped(8081)], out: [apiServer] }

function policy(name: string, matchLabels: Labels, ways: Ways, settings: Settings) {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(name, 'network', settings),
    spec: {
      podSelector: Object.keys(matchLabels).length > 0 ? { matchLabels } : {},
      policyTypes: ['Ingress', 'Egress'],
      ...(ways.in && { ingress: ways.in.map((way) => rule('from', way)) }),
      ...(ways.out && { egress: ways.out.map((way) => rule('to', way)) }),
    },
  }
}

const rule = (side: 'from' | 'to', { peers, ports }: Way) => ({
  ...(peers && { [side]: peers }),
  ...(ports && {
    ports: ports.map((port) => (typeof port === 'number' ? { port, protocol: 'TCP' } : port)),
  }),
})
