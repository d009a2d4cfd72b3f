import { storeUser, type Access } from '../../../services/kit/bindings.ts'
import { warmUp } from '../../../services/kit/kafka/warm-up.ts'
import { rightsOf } from '../../../services/kit/mariadb-rights.ts'
import { provisionMariadb } from '../../../services/kit/provision-mariadb.ts'
import {
  provisionDatabase,
  provisionRedisUser,
  provisionTopics,
} from '../../../services/kit/provision.ts'
import type { StoreKind } from '../../../services/model/store.ts'
import { isRead } from '../../../services/model/topology.ts'
import { storeSecret } from '../addresses.ts'
import type { Job } from '../jobs.ts'
import { secret } from '../secrets.ts'
import { administratorOf, hostPortOf, metricsUser } from '../sites.ts'
import { grantMetricsUser } from './metrics-users.ts'
import type { Session } from './session.ts'

/** Job that prepares what the topology keeps in an engine; whoever needs the engine waits for it. */
export const preparations: Readonly<Record<string, string>> = {
  kafka: 'topics',
  postgres: 'databases',
  mariadb: 'mariadb-databases',
  redis: 'redis-users',
}

/** Brings engines to what the topology declares. Everything is idempotent. */
export const provisionJobs = (run: Session): readonly Job[] => [
  job('topics', 'kafka', () => topics(run)),
  job('databases', 'postgres', () => databases(run)),
  job('mariadb-databases', 'mariadb', () => mariadbDatabases(run)),
  job('redis-users', 'redis', () => redisUsers(run)),
]

const job = (name: string, engine: string, work: () => Promise<string>): Job => ({
  name,
  title: `${name.replace('-', ' ')} of the topology`,
  after: [engine],
  vital: true,
  work,
})

async function topics({ here }: Session): Promise<string> {
  const bootstrap = hostPortOf('kafka', here.installation)
  await Promise.all([provisionTopics(bootstrap, here.topology.topics, ''), warmUp(bootstrap)])
  return `${here.topology.topics.length} topics`
}

async function databases({ here }: Session): Promise<string> {
  const server = await administratorOf('postgres', here)
  const stores = storesOf('postgres', here)
  for (const store of stores) {
    const password = await secret(here.where.secrets, storeSecret(store))
    await provisionDatabase(server, { database: store.name, user: store.name, password })
  }
  await grantMetricsUser.postgres(server, await metricsPassword('postgres', here))
  return stores.map(({ name }) => name).join(', ')
}

async function mariadbDatabases({ here }: Session): Promise<string> {
  const server = await administratorOf('mariadb', here)
  const stores = storesOf('mariadb', here)
  for (const store of stores) {
    const login = async (access: Access) => ({
      user: storeUser(store, access),
      password: await secret(here.where.secrets, storeSecret(store, access)),
    })
    await provisionMariadb(server, {
      database: store.name,
      ...(await login('own')),
      rights: rightsOf(store, 'own'),
      ...(isRead(here.topology, store) && { reader: await login('read') }),
    })
  }
  await grantMetricsUser.mariadb(server, await metricsPassword('mariadb', here))
  return stores.map(({ name }) => name).join(', ')
}

async function redisUsers({ here }: Session): Promise<string> {
  const server = await administratorOf('redis', here)
  const stores = storesOf('redis', here)
  for (const store of stores) {
    const password = await secret(here.where.secrets, storeSecret(store))
    await provisionRedisUser(server, store, { user: store.name, password })
  }
  await grantMetricsUser.redis(server, await metricsPassword('redis', here))
  return stores.map(({ name }) => name).join(', ')
}

const storesOf = (engine: StoreKind, { topology }: Session['here']) =>
  topology.stores.filter((store) => store.engine === engine)

const metricsPassword = (engine: string, { where }: Session['here']): Promise<string> =>
  secret(where.secrets, `${engine}-${metricsUser}`)
