import type { Api } from '../kubernetes/api.ts'
import { partOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { ClusterSite } from './layout.ts'

/** Simulated nodes, one a zone, and volumes for whoever asks for one. */
const nodeCount = 3
const volumeCount = 40
const perNode = { cpu: '32', memory: '64Gi', pods: '250' }

/** What a cluster has before anybody uses it. */
export async function settle(cluster: Api, site: ClusterSite): Promise<void> {
  const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1)
  await Promise.all([
    ...numbers(nodeCount).map((number) => create(cluster, 'nodes', node(number))),
    ...numbers(volumeCount).map((number) => create(cluster, 'persistentvolumes', volume(number))),
    create(cluster, 'namespaces', argocd),
    cluster.apply(metricsService(site), 'services'),
    cluster.apply(metricsApi(site), 'apiservices'),
  ])
}

/** Nodes and volumes are made once: their status is written by others afterwards. */
async function create(cluster: Api, plural: string, object: KubernetesObject): Promise<void> {
  const { status, body } = await cluster.call('POST', `/api/v1/${plural}`, object)
  const there = 409
  if (status >= 300 && status !== there)
    throw new Error(`${object.kind} ${object.metadata.name} was refused: ${JSON.stringify(body)}`)
}

const node = (number: number) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: `simulated-${number}`,
    annotations: { 'kwok.x-k8s.io/node': 'fake' },
    labels: {
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': `simulated-${number}`,
      'topology.kubernetes.io/zone': `zone-${number}`,
    },
  },
  status: { allocatable: perNode, capacity: perNode },
})

const volume = (number: number) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: `simulated-${String(number).padStart(2, '0')}` },
  spec: {
    capacity: { storage: '1Ti' },
    accessModes: ['ReadWriteOnce'],
    // A stage takes the claim away when it is released, so that the next one may have the volume.
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: '/simulated' },
  },
})

/** With `operators: present` Argo CD's namespace is somebody else's: here it is the cluster's. */
const argocd = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'argocd', labels: partOf },
}

const metricsName = { name: 'metrics', namespace: 'kube-system' }

/** The API server looks outside the cluster for it: no pod runs in here. */
const metricsService = ({ ports }: ClusterSite) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metricsName,
  spec: {
    type: 'ExternalName',
    externalName: 'localhost',
    ports: [{ name: 'https', port: ports.metrics, protocol: 'TCP' }],
  },
})

const metricsApi = ({ ports }: ClusterSite) => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1beta1.metrics.k8s.io' },
  spec: {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    // Both ends are on loopback.
    insecureSkipTLSVerify: true,
    service: { ...metricsName, port: ports.metrics },
  },
})
