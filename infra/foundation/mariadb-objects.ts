import type { Topology } from '../../services/model/topology.ts'
import { clusters, endpointsOf } from '../endpoints.ts'
import { partOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { metadataOf } from '../workloads/stack-context.ts'
import { mariadbConnections } from './connections.ts'
import { mariadbRoot } from './secrets.ts'
import {
  claimsOf,
  resourcesOf,
  serverContainerSecurity,
  serverPodSecurity,
  spreadOf,
} from './server-pods.ts'

/** What a stack says about MariaDB. */
export interface MariadbArgs {
  readonly settings: Settings
  /** Whose connections it takes. */
  readonly topology: Pick<Topology, 'services'>
}

const image = 'mariadb:10.11.17'
/** The image's own account. */
const userId = 999

/** One replica is for trying things out. Half of the memory is for InnoDB's buffers. */
const sizes = {
  alone: { resources: resourcesOf('250m', '512Mi'), bufferPool: '256M' },
  replicated: { resources: resourcesOf('1', '4Gi'), bufferPool: '2G' },
}

/**
 * The MariaDB cluster, and the Service that leads to whoever may be written to. With several replicas that is one of them
 * and the others follow; a commit waits for one of those (semi-synchronous), so that a failover loses nothing that was
 * acknowledged.
 */
export const mariadbObjects = (args: MariadbArgs): readonly KubernetesObject[] => [
  cluster(args),
  writer(args.settings),
]

/** Service of the server that may be written to: the operator's own of that kind exist with several replicas only. */
export const mariadbWriter = `${clusters.mariadb}-rw`

function cluster({ settings, topology }: MariadbArgs): KubernetesObject {
  const { replicas, storage: size } = settings.mariadb
  const { resources, bufferPool } = replicas > 1 ? sizes.replicated : sizes.alone
  const { storageClass } = settings
  return {
    apiVersion: 'k8s.mariadb.com/v1alpha1',
    kind: 'MariaDB',
    metadata: metadataOf(clusters.mariadb, 'mariadb', { settings }),
    spec: {
      image,
      replicas,
      rootPasswordSecretKeyRef: { name: mariadbRoot, key: 'password' },
      storage: {
        size,
        ...(storageClass !== '' && { storageClassName: storageClass }),
        pvcRetentionPolicy: claimsOf(settings),
      },
      myCnf: myCnf(bufferPool, mariadbConnections(settings, topology)),
      resources,
      // The operator's own labels select its pods: ours must not take their place.
      inheritMetadata: { labels: partOf },
      podSecurityContext: { ...serverPodSecurity, runAsUser: userId, fsGroup: userId },
      securityContext: serverContainerSecurity,
      topologySpreadConstraints: spreadOf({ 'app.kubernetes.io/instance': clusters.mariadb }),
      metrics: { enabled: true },
      ...(replicas > 1 && {
        replication: { enabled: true, semiSyncEnabled: true, primary: { autoFailover: true } },
        updateStrategy: { type: 'ReplicasFirstPrimaryLast' },
        podDisruptionBudget: { maxUnavailable: 1 },
      }),
    },
  }
}

const writer = (settings: Settings): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadataOf(mariadbWriter, 'mariadb', { settings }, clusters.mariadb),
  spec: {
    selector: {
      'app.kubernetes.io/name': 'mariadb',
      'app.kubernetes.io/instance': clusters.mariadb,
      ...(settings.mariadb.replicas > 1 && { 'k8s.mariadb.com/role': 'primary' }),
    },
    ports: [
      {
        name: 'mariadb',
        protocol: 'TCP',
        port: endpointsOf(settings.stack).mariadb.port,
        targetPort: endpointsOf(settings.stack).mariadb.port,
      },
    ],
  },
})

/** As the server that the stores' SQL was written and measured on; times and texts compare exactly. */
const myCnf = (bufferPool: string, connections: number): string =>
  [
    '[mariadb]',
    'bind-address=*',
    'skip-name-resolve',
    `max-connections=${connections}`,
    'default-time-zone=+00:00',
    'character-set-server=utf8mb4',
    'collation-server=utf8mb4_nopad_bin',
    'innodb-snapshot-isolation=ON',
    `innodb-buffer-pool-size=${bufferPool}`,
    'innodb-flush-log-at-trx-commit=1',
    'sql-mode=TRADITIONAL',
    'log-bin',
    'binlog-format=ROW',
    'sync-binlog=1',
    'performance-schema=OFF',
    '',
  ].join('\n')
