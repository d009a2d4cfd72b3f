import type { Api } from '../../kubernetes/api.ts'

const groupVersion = 'metrics.k8s.io/v1beta1'
const root = `/apis/${groupVersion}`

/** A simulated container uses this share of the CPU that it asked for: below every scaler's target. */
const usedShare = 0.3
const window = '30s'

interface Reply {
  readonly status: number
  readonly body: unknown
}

interface Pod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels?: Record<string, string>
  }
  readonly spec: { readonly containers: readonly Container[] }
  readonly status?: { readonly phase?: string }
}

interface Container {
  readonly name: string
  readonly resources?: { readonly requests?: { readonly cpu?: string; readonly memory?: string } }
}

/**
 * What the resource metrics API (https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/) answers
 * for simulated pods and nodes: steady numbers, so that scalers have something to look at.
 * @param url path and query as the API server hands them on
 */
export async function answer(cluster: Api, url: string, now: Date): Promise<Reply> {
  const { pathname, searchParams } = new URL(url, 'https://metrics')
  if (pathname === root) return { status: 200, body: resources }
  const asked = /^\/apis\/metrics\.k8s\.io\/v1beta1(\/namespaces\/[^/]+)?\/(pods|nodes)$/.exec(
    pathname,
  )
  if (!asked) return { status: 404, body: { kind: 'Status', status: 'Failure', code: 404 } }
  const [, space = '', what = ''] = asked
  const selector = searchParams.get('labelSelector')
  const query = selector === null ? '' : `?labelSelector=${encodeURIComponent(selector)}`
  const { body } = await cluster.call('GET', `/api/v1${space}/${what}${query}`)
  const { items } = body as { items: readonly Pod[] }
  const listed = what === 'pods' ? pods(items, now) : nodes(items, now)
  const kind = what === 'pods' ? 'PodMetricsList' : 'NodeMetricsList'
  return { status: 200, body: { kind, apiVersion: groupVersion, metadata: {}, items: listed } }
}

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: [
    { name: 'nodes', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
    { name: 'pods', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
  ],
}

const pods = (items: readonly Pod[], now: Date): readonly object[] =>
  items
    .filter(({ status }) => status?.phase === 'Running')
    .map(({ metadata: { name, namespace, labels }, spec }) => ({
      metadata: { name, namespace, labels },
      timestamp: now.toISOString(),
      window,
      containers: spec.containers.map((container) => ({
        name: container.name,
        usage: {
          cpu: `${Math.round(millis(container.resources?.requests?.cpu) * usedShare)}m`,
          memory: container.resources?.requests?.memory ?? '16Mi',
        },
      })),
    }))

const nodes = (items: readonly Pick<Pod, 'metadata'>[], now: Date): readonly object[] =>
  items.map(({ metadata: { name, labels } }) => ({
    metadata: { name, labels },
    timestamp: now.toISOString(),
    window,
    usage: { cpu: '1', memory: '4Gi' },
  }))

/** `250m` → 250, `2` → 2000. */
const millis = (quantity = '100m'): number =>
  quantity.endsWith('m') ? Number.parseInt(quantity, 10) : Number(quantity) * 1000
