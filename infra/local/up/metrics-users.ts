import { Redis } from 'ioredis'
import pg from 'pg'
import type { PostgresAdmin, RedisAdmin } from '../../../services/kit/provision.ts'
import { metricsUser } from '../sites.ts'

/** Makes the users that the exporters log in as: they see figures, not data. */
export const grantMetricsUser = { postgres, redis }

async function postgres(server: PostgresAdmin, password: string): Promise<void> {
  const admin = new pg.Client({ ...server, database: 'postgres', connectionTimeoutMillis: 5000 })
  await admin.connect()
  try {
    const known = await admin.query('select 1 from pg_roles where rolname = $1', [metricsUser])
    const verb = known.rowCount === 0 ? 'create' : 'alter'
    await admin.query(`${verb} role ${metricsUser} login password ${admin.escapeLiteral(password)}`)
    await admin.query(`grant pg_monitor to ${metricsUser}`)
  } finally {
    await admin.end()
  }
}

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

async function redis(server: RedisAdmin, password: string): Promise<void> {
  const { host, port } = server
  const admin = new Redis({
    host,
    port,
    password: server.password,
    lazyConnect: true,
    connectTimeout: 5000,
    maxRetriesPerRequest: 0,
  })
  await admin.connect()
  try {
    await admin.call('ACL', 'SETUSER', metricsUser, 'reset', 'on', `>${password}`, ...figures)
    // A server of the user's own may have no file for its users.
    await admin.call('ACL', 'SAVE').catch(() => undefined)
  } finally {
    admin.disconnect()
  }
}
