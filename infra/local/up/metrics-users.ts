import { asMariadbAdmin, setMariadbUser } from '../../../services/kit/provision-mariadb.ts'
import {
  asPostgresAdmin,
  setRedisUser,
  type SqlAdmin,
  type RedisAdmin,
} from '../../../services/kit/provision.ts'
import { metricsUser } from '../sites.ts'

const postgres = (server: SqlAdmin, password: string): Promise<void> =>
  asPostgresAdmin(server, async (admin) => {
    const known = await admin.query('select 1 from pg_roles where rolname = $1', [metricsUser])
    const verb = known.rowCount === 0 ? 'create' : 'alter'
    await admin.query(`${verb} role ${metricsUser} login password ${admin.escapeLiteral(password)}`)
    await admin.query(`grant pg_monitor to ${metricsUser}`)
  })

// What the exporter's own page lists for a user that may not read keys.
const figures = [
  '+@connection',
  '+info',
  '+latency',
  '+slowlog',
  '+memory',
  '+config|get',
  '+client',
]

const redis = (server: RedisAdmin, password: string): Promise<void> =>
  setRedisUser(server, { user: metricsUser, password }, figures)

// What the exporter's own page lists; it sees no row of a table.
const mariadb = (server: SqlAdmin, password: string): Promise<void> =>
  asMariadbAdmin(server, (admin) =>
    setMariadbUser(admin, {
      user: metricsUser,
      password,
      rights: ['process, binlog monitor, slave monitor on *.*'],
    }),
  )

/** Makes the users that the exporters log in as: they see figures, not data. */
export const grantMetricsUser = { postgres, mariadb, redis }
