import { clusters, endpointsOf } from '../endpoints.ts'
import { partOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { mebibytes } from '../workloads/pod.ts'
import { metadataOf } from '../workloads/stack-context.ts'
import { opensearchAdmin } from './secrets.ts'
import {
  claimsOf,
  resourcesOf,
  serverContainerSecurity,
  serverPodSecurity,
  spreadOf,
} from './server-pods.ts'

/** What a stack says about OpenSearch. */
export interface OpensearchArgs {
  readonly settings: Settings
}

/** The version of the server and of the image with nori in it: plugins are not loaded from the net when a pod starts. */
export const opensearchVersion = '3.8.0'
export const opensearchImage = ({ images }: Settings): string =>
  `${images.prefix}/opensearch-nori:${opensearchVersion}`

/** The image's own account. */
const userId = 1000

/** Share of the memory that is Java's heap; the rest is the page cache, from which Lucene reads. */
const heapShare = 0.5

/** Nodes that can elect each other; more of them only slow an election down. */
const electors = 3

/** The OpenSearch cluster with certificates of its own on both ports. */
export const opensearchObjects = ({ settings }: OpensearchArgs): readonly KubernetesObject[] => [
  {
    apiVersion: 'opensearch.org/v1',
    kind: 'OpenSearchCluster',
    metadata: metadataOf(clusters.opensearch, 'opensearch', { settings }),
    spec: {
      general: general(settings),
      security: {
        tls: { transport: { generate: true, perNode: true }, http: { generate: true } },
        config: {
          adminCredentialsSecret: { name: opensearchAdmin },
          updateJob: { resources: resourcesOf('50m', '512Mi') },
        },
      },
      bootstrap: { resources: resourcesOf('100m', '1Gi'), jvm: heap('1Gi') },
      nodePools: pools(settings),
    },
  },
]

const general = (settings: Settings) => ({
  serviceName: clusters.opensearch,
  version: opensearchVersion,
  image: opensearchImage(settings),
  httpPort: endpointsOf(settings.stack).opensearch.port,
  // It would need a privileged container on every node; without memory-mapped files the limit does not matter.
  setVMMaxMapCount: false,
  additionalConfig: { 'node.store.allow_mmap': 'false' },
  drainDataNodes: settings.opensearch.nodes > 1,
  podSecurityContext: {
    ...serverPodSecurity,
    runAsUser: userId,
    runAsGroup: userId,
    fsGroup: userId,
  },
  securityContext: serverContainerSecurity,
  persistentVolumeClaimRetentionPolicy: claimsOf(settings),
})

const heap = (memory: string): string => {
  const megabytes = Math.floor(mebibytes(memory) * heapShare)
  return `-Xms${megabytes}M -Xmx${megabytes}M`
}

/** Up to three nodes are all the same; further ones hold data only. */
function pools(settings: Settings) {
  const { nodes } = settings.opensearch
  const managing = Math.min(nodes, electors)
  return [
    pool('nodes', ['cluster_manager', 'data', 'ingest'], managing, settings),
    ...(nodes > managing ? [pool('data', ['data', 'ingest'], nodes - managing, settings)] : []),
  ]
}

function pool(component: string, roles: readonly string[], replicas: number, settings: Settings) {
  const { memory, storage } = settings.opensearch
  const { storageClass } = settings
  return {
    component,
    roles,
    replicas,
    diskSize: storage,
    jvm: heap(memory),
    resources: resourcesOf('250m', memory),
    labels: partOf,
    persistence: {
      pvc: {
        accessModes: ['ReadWriteOnce'],
        ...(storageClass !== '' && { storageClass }),
      },
    },
    topologySpreadConstraints: spreadOf({ 'opensearch.org/opensearch-nodepool': component }),
    ...(replicas > 1 && { pdb: { enable: true, maxUnavailable: 1 } }),
  }
}
