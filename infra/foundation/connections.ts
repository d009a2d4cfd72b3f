import type { Store, StoreKind } from '../../services/model/store.ts'
import type { Topology } from '../../services/model/topology.ts'
import type { Settings } from '../settings.ts'
import { replicasOf } from '../workloads/scaling.ts'

/** Connections of one pool, of which a replica has one to each store: the kit's own limit, measured faster than large pools. */
const perPool = 16

/** Server connections that one pooler keeps for one database. */
const perDatabase = 20

/** Beside those of services: migrations, replication, the operator and whoever mends things. */
const reserved = 40

/** Replicas beyond a service's most while it is rolled out. */
const surge = 1

/** Connections that all replicas of all services to a kind of server can have at once. */
export function clientsOf(
  engine: StoreKind,
  settings: Settings,
  { services }: Pick<Topology, 'services'>,
): number {
  const pools = services.map((one) => {
    const opened: readonly Store[] = [...one.stores, ...one.reads]
    const used = opened.filter((store) => store.engine === engine)
    return used.length * (replicasOf(one, { settings }).max + surge)
  })
  return pools.reduce((sum, count) => sum + count * perPool, 0)
}

/** Connections that MariaDB takes, which has no pooler before it. */
export const mariadbConnections = (
  settings: Settings,
  topology: Pick<Topology, 'services'>,
): number => clientsOf('mariadb', settings, topology) + reserved

/**
 * How many connections there can be to Postgres: `clients` at one pooler, when all others are away; `pool` from one pooler to one
 * database; `server` at Postgres, when all poolers use all of theirs.
 */
export function connectionsOf(settings: Settings, topology: Pick<Topology, 'services' | 'stores'>) {
  const databases = topology.stores.filter(({ engine }) => engine === 'postgres').length
  return {
    clients: clientsOf('postgres', settings, topology),
    pool: perDatabase,
    server: databases * settings.postgres.poolers * perDatabase + reserved,
  }
}
