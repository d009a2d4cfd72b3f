import { storeUser, type Access } from '../../services/kit/bindings.ts'
import { rightsOf } from '../../services/kit/mariadb-rights.ts'
import type { Service } from '../../services/model/service.ts'
import type { Store, StoreKind } from '../../services/model/store.ts'
import { isRead } from '../../services/model/topology.ts'
import { clusters } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { storeSecretName } from './secrets.ts'
import { owned, type StackContext } from './stack-context.ts'

/** Database and login of every store that a service owns, as their operators make them. */
export const databaseObjects = (
  service: Service,
  context: StackContext,
): readonly KubernetesObject[] =>
  service.stores.flatMap((store) => makers[store.engine](store, service, context))

type Maker = (store: Store, service: Service, context: StackContext) => readonly KubernetesObject[]

/** Redis has no objects of its own: its users stand in the server's access list (`redisAcl`). */
const makers: Readonly<Record<StoreKind, Maker>> = {
  postgres,
  mariadb,
  opensearch,
  redis: () => [],
}

/** Names on the server may hold `_`, names of objects may not. */
const objectName = (store: Store): string => store.name.replaceAll('_', '-')

function postgres(store: Store, service: Service, context: StackContext) {
  const apiVersion = 'postgresql.cnpg.io/v1'
  const reclaim = context.settings.protect ? 'retain' : 'delete'
  const cluster = { name: clusters.postgres }
  const name = objectName(store)
  return [
    owned(service, context, {
      apiVersion,
      kind: 'DatabaseRole',
      name,
      spec: {
        cluster,
        name: store.name,
        login: true,
        passwordSecret: { name: storeSecretName(store) },
        databaseRoleReclaimPolicy: reclaim,
      },
    }),
    owned(service, context, {
      apiVersion,
      kind: 'Database',
      name,
      spec: { cluster, name: store.name, owner: store.name, databaseReclaimPolicy: reclaim },
    }),
  ]
}

function mariadb(store: Store, service: Service, context: StackContext) {
  const make: Make = (kind, name, spec) =>
    owned(service, context, {
      apiVersion: 'k8s.mariadb.com/v1alpha1',
      kind,
      name: name.replaceAll('_', '-'),
      spec: {
        mariaDbRef: { name: clusters.mariadb },
        cleanupPolicy: context.settings.protect ? 'Skip' : 'Delete',
        ...spec,
      },
    })
  const texts = { characterSet: 'utf8mb4', collate: 'utf8mb4_nopad_bin' }
  return [
    make('Database', store.name, { name: store.name, ...texts }),
    ...mariadbUser(store, 'own', make),
    ...(isRead(context.topology, store) ? mariadbUser(store, 'read', make) : []),
  ]
}

type Make = (kind: string, name: string, spec: object) => KubernetesObject

/** A login, and what it may do in the store's database; elsewhere it may do nothing. */
function mariadbUser(store: Store, access: Access, make: Make): readonly KubernetesObject[] {
  const name = storeUser(store, access)
  const password = { name: storeSecretName(store, access), key: 'password' }
  const host = '%'
  return [
    make('User', name, { name, host, passwordSecretKeyRef: password }),
    ...rightsOf(store, access).map((right) =>
      make('Grant', right.table === '*' ? name : `${name}-${right.table}`, {
        ...{ username: name, host, database: store.name },
        ...right,
      }),
    ),
  ]
}

function opensearch(store: Store, service: Service, context: StackContext) {
  const apiVersion = 'opensearch.org/v1'
  const name = objectName(store)
  const opensearchCluster = { name: clusters.opensearch }
  return [
    owned(service, context, {
      apiVersion,
      kind: 'OpensearchUser',
      name,
      spec: { opensearchCluster, passwordFrom: { name: storeSecretName(store), key: 'password' } },
    }),
    owned(service, context, {
      apiVersion,
      kind: 'OpensearchRole',
      name,
      spec: {
        opensearchCluster,
        clusterPermissions: [
          'cluster_composite_ops',
          'cluster_monitor',
          'cluster_manage_index_templates',
        ],
        // The alias and the versioned indexes behind it.
        indexPermissions: [{ indexPatterns: [`${store.name}*`], allowedActions: ['indices_all'] }],
      },
    }),
    owned(service, context, {
      apiVersion,
      kind: 'OpensearchUserRoleBinding',
      name,
      spec: { opensearchCluster, users: [name], roles: [name] },
    }),
  ]
}
