import { adminOffset, type Service } from '../../model/service.ts'
import type { Store } from '../../model/store.ts'
import { frontedOf, type Topology } from '../../model/topology.ts'
import { environmentOf, storeUser, type Access, type StoreAddress } from '../bindings.ts'
import { rightsOf } from '../mariadb-rights.ts'
import { provisionMariadb } from '../provision-mariadb.ts'
import {
  provisionDatabase,
  provisionRedisUser,
  provisionTopics,
  type SqlAdmin,
  type RedisAdmin,
} from '../provision.ts'

/** Real servers that a bench may use. */
export interface Servers {
  readonly kafka?: string
  readonly postgres?: SqlAdmin
  readonly mariadb?: SqlAdmin
  readonly redis?: RedisAdmin
  readonly opensearch?: { readonly host: string; readonly port: number }
}

/** Where one service of a bench finds everything. */
export interface BenchPlace {
  readonly prefix: string
  readonly servers: Servers
  /** Path of a secret's file, written at the first call with `value` or a random one. */
  secret(name: string, value?: string): string
  readonly urls: Readonly<Record<string, string>>
  readonly keys: { readonly issuer: string; readonly jwksUri: string; readonly tokenUrl: string }
  readonly replica: number
}

const password = 'bench-password'

/** Makes topics, databases and users of one service on the bench's servers. Idempotent. */
export async function provisionFor(
  service: Service,
  all: Topology,
  place: BenchPlace,
): Promise<void> {
  const { servers, prefix } = place
  // The topology knows more of a service than its declaration: what it recovers.
  const { publishes, consumes } = all.services.find(({ name }) => name === service.name) ?? service
  const own = [...publishes, ...consumes.map(({ topic }) => topic)]
  const used =
    service.observes === 'all'
      ? all.topics
      : own.flatMap((one) => (one.deadLetters ? [one, one.deadLetters] : [one]))
  if (servers.kafka && used.length > 0)
    await provisionTopics(servers.kafka, [...new Set(used)], prefix)
  for (const store of [...service.stores, ...service.reads]) await provisionStore(store, place)
}

async function provisionStore(store: Store, { servers, prefix }: BenchPlace): Promise<void> {
  const user = prefix + store.name
  if (store.engine === 'postgres' && servers.postgres)
    await provisionDatabase(servers.postgres, { database: user, user, password })
  if (store.engine === 'mariadb' && servers.mariadb)
    await provisionMariadb(servers.mariadb, {
      database: user,
      user,
      password,
      rights: rightsOf(store, 'own'),
      reader: { user: prefix + storeUser(store, 'read'), password },
    })
  if (store.engine === 'redis' && servers.redis)
    await provisionRedisUser(servers.redis, store, { user, password })
}

/** The environment of a service on the bench: port 0, so that the system chooses free ones. */
export function benchAddresses(
  service: Service,
  all: Topology,
  place: BenchPlace,
): Record<string, string> {
  const { prefix, servers, keys, urls, secret, replica } = place
  return environmentOf(service, {
    instance: `${service.name}-${replica}`,
    host: '127.0.0.1',
    port: 0,
    adminPort: 0,
    service: (name) =>
      urls[name] ?? `http://127.0.0.1:${portOf(all, name) + adminOffset + adminOffset}`,
    fronted: frontedOf(all),
    store: (store, access) => storeAddress(store, access, place),
    kafka: servers.kafka ?? '127.0.0.1:1',
    prefix,
    secret: (name) =>
      secret(
        name,
        name.startsWith('client-') ? `${name.slice('client-'.length)}-secret` : undefined,
      ),
    ...keys,
    traces: { kind: 'none', endpoint: '' },
    environment: 'test',
    migrate: 'start',
    drainMs: 0,
  })
}

function storeAddress(
  store: Store,
  access: Access,
  { servers, prefix, secret }: BenchPlace,
): StoreAddress {
  const nowhere = { host: '127.0.0.1', port: 1 }
  const server = servers[store.engine] ?? nowhere
  const asked = store.engine !== 'opensearch'
  return {
    host: server.host,
    port: server.port,
    user: asked ? prefix + storeUser(store, access) : '',
    database: prefix + store.name,
    passwordFile: asked ? secret('store-password', password) : '',
  }
}

/** A callee that was not started lies at a port where nothing listens. */
const portOf = (all: Topology, name: string): number =>
  all.services.find((one) => one.name === name)?.port ?? 1
