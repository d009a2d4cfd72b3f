import { createHash } from 'node:crypto'
import { podMonitor } from '../foundation/monitors.ts'
import { claimsOf, resourcesOf } from '../foundation/server-pods.ts'
import { selectorOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { containerSecurity, mebibytes, podSecurity } from '../workloads/pod.ts'
import { metadataOf } from './observed-metadata.ts'

/** A server that is one process with one configuration file. */
export interface Server {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  /** Ports of the container, and of the Service of the same name. */
  readonly ports: Readonly<Record<string, number>>
  /** Name of the port that answers `/metrics`. */
  readonly metrics: string
  readonly ready: { readonly path: string; readonly port: string }
  /** Mounted in `configFolder`. */
  readonly config: { readonly file: string; readonly text: string }
  /** CPU request, and memory request and limit. */
  readonly cpu: string
  readonly memory: string
  /** What it writes and where: on a volume of that size, else gone with the pod. */
  readonly data?: { readonly path: string; readonly size?: string }
  /** Whether it asks the API server; what it may see there is its `Role`. */
  readonly asksApi?: boolean
}

/** Where a server finds its configuration file. */
export const configFolder = '/etc/maru'

/** Share of the memory limit above which Go collects garbage at once, rather than be killed. */
const goMemoryShare = 0.8

/** Identity, configuration, pod, address and monitor of a server. */
export const serverObjects = (server: Server, settings: Settings): readonly KubernetesObject[] => [
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: ownMetadata(server, settings),
    automountServiceAccountToken: false,
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownMetadata(server, settings),
    data: { [server.config.file]: server.config.text },
  },
  service(server, settings),
  workload(server, settings),
  monitor(server, settings),
]

const ownMetadata = ({ name }: Server, settings: Settings) => metadataOf(name, 'server', settings)

const service = (server: Server, settings: Settings): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: ownMetadata(server, settings),
  spec: {
    selector: selectorOf(server.name, settings.stack),
    ports: Object.entries(server.ports).map(([name, port]) => ({
      name,
      protocol: 'TCP',
      port,
      targetPort: name,
    })),
  },
})

/** One replica: what has a volume keeps its name and its data, everything else is rolled without a gap. */
function workload(server: Server, settings: Settings): KubernetesObject {
  const metadata = ownMetadata(server, settings)
  const selector = { matchLabels: selectorOf(server.name, settings.stack) }
  const digest = createHash('sha256').update(server.config.text).digest('hex')
  const template = {
    // A changed file is mounted some time later, but read at a start only.
    metadata: { labels: metadata.labels, annotations: { 'maru/config': digest } },
    spec: pod(server),
  }
  const shared = { replicas: 1, selector, template }
  if (server.data?.size === undefined)
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        ...shared,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      },
    }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: {
      ...shared,
      serviceName: server.name,
      persistentVolumeClaimRetentionPolicy: claimsOf(settings),
      volumeClaimTemplates: [claim(server.data.size, settings)],
    },
  }
}

function pod(server: Server) {
  const { name, config, data, asksApi = false } = server
  return {
    serviceAccountName: name,
    automountServiceAccountToken: asksApi,
    enableServiceLinks: false,
    securityContext: podSecurity,
    containers: [container(server)],
    volumes: [
      { name: 'config', configMap: { name, items: [{ key: config.file, path: config.file }] } },
      { name: 'tmp', emptyDir: {} },
      ...(data && data.size === undefined ? [{ name: 'data', emptyDir: {} }] : []),
    ],
  }
}

function container({ name, image, args, ports, ready, cpu, memory, data }: Server) {
  const heap = `${Math.floor(mebibytes(memory) * goMemoryShare)}MiB`
  const answers = { httpGet: ready }
  return {
    name,
    image,
    args,
    env: [{ name: 'GOMEMLIMIT', value: heap }],
    ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
    // A log of a killed process may have to be replayed: five minutes until the start has failed.
    startupProbe: { ...answers, periodSeconds: 5, failureThreshold: 60 },
    readinessProbe: { ...answers, periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 3 },
    // Being slow or full is no reason to be killed.
    livenessProbe: { tcpSocket: { port: ready.port }, periodSeconds: 20, failureThreshold: 3 },
    resources: resourcesOf(cpu, memory),
    securityContext: containerSecurity,
    volumeMounts: [
      { name: 'config', mountPath: configFolder, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
      ...(data ? [{ name: 'data', mountPath: data.path }] : []),
    ],
  }
}

/** A claim for one pod. @param size e.g. `10Gi` */
export const claimSpec = (size: string, { storageClass }: Pick<Settings, 'storageClass'>) => ({
  accessModes: ['ReadWriteOnce'],
  ...(storageClass !== '' && { storageClassName: storageClass }),
  resources: { requests: { storage: size } },
})

const claim = (size: string, settings: Settings) => ({
  metadata: { name: 'data' },
  spec: claimSpec(size, settings),
})

const monitor = (server: Server, settings: Settings): KubernetesObject => ({
  ...podMonitor(
    server.name,
    { matchLabels: selectorOf(server.name, settings.stack), port: server.metrics },
    settings,
  ),
  metadata: metadataOf(server.name, 'monitor', settings),
})
