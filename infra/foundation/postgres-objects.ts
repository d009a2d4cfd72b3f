import type { Topology } from '../../services/model/topology.ts'
import { clusters, endpointsOf } from '../endpoints.ts'
import { partOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { metadataOf } from '../workloads/stack-context.ts'
import { podMonitor } from './monitors.ts'
import { archiving, backupObjects } from './postgres-backups.ts'
import { connectionsOf } from './connections.ts'
import { resourcesOf, serverContainerSecurity, serverPodSecurity, spreadOf } from './server-pods.ts'

/** What a stack and its services say about Postgres. */
export interface PostgresArgs {
  readonly settings: Settings
  /** The pools are as large as its services ask for. */
  readonly topology: Pick<Topology, 'services' | 'stores'>
}

const apiVersion = 'postgresql.cnpg.io/v1'
const image = 'ghcr.io/cloudnative-pg/postgresql:15.18-standard-trixie'

/** One instance is for trying things out. A quarter of the memory is for Postgres' own buffers. */
const sizes = {
  alone: { resources: resourcesOf('250m', '1Gi'), sharedBuffers: '256MB' },
  replicated: { resources: resourcesOf('1', '4Gi'), sharedBuffers: '1GB' },
}

/** From here on a commit waits for a second instance: with two, the loss of one would stop all writes. */
const instancesToWait = 3

/** The cluster, the poolers before it, its backups where the stack has a bucket, and how all are scraped. */
export function postgresObjects(args: PostgresArgs): readonly KubernetesObject[] {
  const { settings } = args
  const pooled = { 'cnpg.io/poolerName': poolerName(settings) }
  return [
    ...backupObjects(settings),
    cluster(args),
    pooler(args),
    podMonitor('postgres', { matchLabels: instancePods, port: 'metrics' }, settings),
    podMonitor('postgres-pooler', { matchLabels: pooled, port: 'metrics' }, settings),
  ]
}

/** Poolers carry the cluster's label too. */
const instancePods = { 'cnpg.io/cluster': clusters.postgres, 'cnpg.io/podRole': 'instance' }

const poolerName = ({ stack }: Settings) => endpointsOf(stack).postgresPooler.host

function cluster({ settings, topology }: PostgresArgs): KubernetesObject {
  const { instances, storage: size } = settings.postgres
  const { resources, sharedBuffers } = instances > 1 ? sizes.replicated : sizes.alone
  const storageClass = settings.storageClass
  return {
    apiVersion,
    kind: 'Cluster',
    metadata: metadataOf(clusters.postgres, 'postgres', { settings }),
    spec: {
      instances,
      imageName: image,
      enableSuperuserAccess: false,
      // One instance has nobody to hand over to: a budget would only hold up every drain.
      enablePDB: instances > 1,
      primaryUpdateStrategy: 'unsupervised',
      inheritedMetadata: { labels: partOf },
      seccompProfile: { type: 'RuntimeDefault' },
      topologySpreadConstraints: spreadOf(instancePods),
      resources,
      storage: { size, ...(storageClass !== '' && { storageClass }) },
      bootstrap: { initdb },
      postgresql: {
        parameters: {
          ...parameters,
          max_connections: String(connectionsOf(settings, topology).server),
          shared_buffers: sharedBuffers,
        },
        ...(instances >= instancesToWait && { synchronous: { method: 'any', number: 1 } }),
      },
      ...archiving(settings),
    },
  }
}

/** As locally: sorted by code points, UTF-8, checksums. The database is the operator's own; stores bring theirs. */
const initdb = {
  database: 'maru',
  owner: 'maru',
  encoding: 'UTF8',
  localeCollate: 'C.UTF-8',
  localeCType: 'C.UTF-8',
  dataChecksums: true,
}

const parameters = {
  wal_level: 'logical',
  // Asking for any of its settings loads pg_stat_statements.
  'pg_stat_statements.track': 'all',
  // A statement whose caller is gone ends within this time.
  client_connection_check_interval: '1s',
}

/** Prepared statements that a pooler keeps for a server connection: more than all of one service's. */
const preparedStatements = 200

/** Settings that the services' clients send when they connect; PgBouncer would refuse what it does not know. */
const sentByClients = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']

/** In their place, in seconds: just above what the clients themselves wait for. */
const timeLimits = { query_timeout: '3', query_wait_timeout: '2', idle_transaction_timeout: '5' }

/** Transaction mode: the services hold nothing on a connection between two transactions but named statements. */
function pooler({ settings, topology }: PostgresArgs): KubernetesObject {
  const name = poolerName(settings)
  const { clients, pool } = connectionsOf(settings, topology)
  return {
    apiVersion,
    kind: 'Pooler',
    metadata: metadataOf(name, 'postgres', { settings }),
    spec: {
      cluster: { name: clusters.postgres },
      instances: settings.postgres.poolers,
      type: 'rw',
      pgbouncer: {
        poolMode: 'transaction',
        parameters: {
          max_client_conn: String(clients),
          default_pool_size: String(pool),
          max_prepared_statements: String(preparedStatements),
          ignore_startup_parameters: sentByClients.join(','),
          ...timeLimits,
        },
      },
      template: {
        metadata: { labels: partOf },
        spec: {
          securityContext: serverPodSecurity,
          topologySpreadConstraints: spreadOf({ 'cnpg.io/poolerName': name }),
          containers: [
            {
              name: 'pgbouncer',
              resources: resourcesOf('100m', '128Mi'),
              securityContext: serverContainerSecurity,
            },
          ],
        },
      },
    },
  }
}
