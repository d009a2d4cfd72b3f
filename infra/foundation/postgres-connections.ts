import type { Topology } from '../../services/model/topology.ts'
import type { Settings } from '../settings.ts'
import { enginesOf } from '../workloads/edges.ts'
import { replicasOf } from '../workloads/scaling.ts'

/** Connections of one replica's pool: the kit's own limit, measured faster than large pools. */
const perReplica = 16

/** Server connections that one pooler keeps for one database. */
const perDatabase = 20

/** Outside of the poolers: migrations, replication, the operator and whoever mends things. */
const reserved = 40

/** Replicas beyond a service's most while it is rolled out. */
const surge = 1

/**
 * How many connections there can be: `clients` at one pooler, when all others are away; `pool` from one pooler to one
 * database; `server` at Postgres, when all poolers use all of theirs.
 */
export function connectionsOf(
  settings: Settings,
  { services, stores }: Pick<Topology, 'services' | 'stores'>,
) {
  const users = services.filter((one) => enginesOf(one).includes('postgres'))
  const replicas = users.map((one) => replicasOf(one, { settings }).max + surge)
  const databases = stores.filter(({ engine }) => engine === 'postgres').length
  return {
    clients: replicas.reduce((sum, count) => sum + count * perReplica, 0),
    pool: perDatabase,
    server: databases * settings.postgres.poolers * perDatabase + reserved,
  }
}
