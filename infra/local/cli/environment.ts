import type { SqlEngine } from '../../../services/kit/sql.ts'
import type { Service } from '../../../services/model/service.ts'
import type { Store } from '../../../services/model/store.ts'
import { adminUrlOf, frontDoorOf, otlpOf, storeSecret, urlOf, type Here } from '../addresses.ts'
import { localCredentials } from '../credentials.ts'
import type { Installation } from '../installation.ts'
import { instanceName } from '../needs.ts'
import { engineSecret, hostPortOf, placeOf, traceStoreOf } from '../sites.ts'
import { secret } from '../secrets.ts'
import { processesHere } from './checkout.ts'
import { here } from './here.ts'

/** What `env --json` prints: a contract that outside tools rely on. */
export type Environment = Awaited<ReturnType<typeof environment>>

/** Process ids of what runs, by name. */
export type Pids = ReadonlyMap<string, number | undefined>

/** Addresses and credentials of this checkout; instances are those that run. */
export async function environment(here: Here, pids: Pids) {
  const { topology, installation, where } = here
  const url = (engine: string): string => `http://${hostPortOf(engine, installation)}`
  const clients = await localCredentials(topology, where.secrets)
  return {
    gateway: urlOf(instanceName(frontDoorOf(topology), 1), installation),
    services: Object.fromEntries(
      topology.services.map((one) => [one.name, { instances: instances(one, here, pids) }]),
    ),
    kafka: { bootstrap: hostPortOf('kafka', installation) },
    redis: { url: await redisUrl(here) },
    postgres: Object.fromEntries(await Promise.all(databases('postgres', here))),
    mariadb: Object.fromEntries(await Promise.all(databases('mariadb', here))),
    opensearch: { url: url('opensearch') },
    prometheus: { url: url('prometheus') },
    alertmanager: { url: url('alertmanager') },
    traces: traces(installation),
    clients: clients.map(({ impersonates: _, ...client }) => client),
  }
}

/** The same of what runs in this checkout. */
export async function environmentHere(): Promise<Environment> {
  const running = await processesHere()
  return environment(here(), new Map(running.map(({ name, pid }) => [name, pid])))
}

/** A client of this checkout. @throws Error when it was never made */
export function clientOf({ clients }: Pick<Environment, 'clients'>, id: string) {
  const found = clients.find((one) => one.id === id)
  if (found) return found
  throw new Error(`There is no client ${id}: run ./maru up.`)
}

/** The first instance of a service that runs. @throws Error when none does */
export function instanceOf({ services }: Pick<Environment, 'services'>, service: string) {
  const [found] = services[service]?.instances ?? []
  if (found) return found
  throw new Error(`${service} does not run: start it with ./maru up.`)
}

function instances(service: Service, { installation }: Here, pids: Pids) {
  const count = installation.replicas[service.name] ?? 0
  return Array.from({ length: count }, (_, at) => instanceName(service, at + 1))
    .filter((name) => pids.has(name))
    .map((name) => ({
      url: urlOf(name, installation),
      admin: adminUrlOf(name, installation),
      pid: pids.get(name) ?? null,
    }))
}

async function redisUrl({ installation, where }: Here): Promise<string> {
  const { host, port, user = '', password } = placeOf('redis', installation)
  const known = password ?? (await secret(where.secrets, engineSecret('redis')))
  return `redis://${user}:${encodeURIComponent(known)}@${host}:${port}`
}

const databases = (kind: SqlEngine, { topology, installation, where }: Here) =>
  topology.services.flatMap((service) => {
    const stores: readonly Store[] = service.stores
    return stores
      .filter(({ engine }) => engine === kind)
      .map(async (store) => {
        const password = await secret(where.secrets, storeSecret(store))
        const at = hostPortOf(kind, installation)
        return [service.name, `${kind}://${store.name}:${password}@${at}/${store.name}`] as const
      })
  })

/** Where the trace store of this checkout is, and what reads and writes it. */
export function traces(installation: Installation) {
  const kind = traceStoreOf(installation)
  const query = `http://${hostPortOf(kind, installation)}`
  const zipkin = kind === 'zipkin'
  return {
    kind,
    query,
    ui: zipkin ? `${query}/zipkin/` : grafanaUrl(installation),
    otlp: zipkin ? null : otlpOf(installation),
  }
}

/** The page of Grafana; null where it is not. */
export const grafanaUrl = (installation: Installation): string | null =>
  installation.supplies['grafana'] === undefined
    ? null
    : `http://${hostPortOf('grafana', installation)}/`

/** The page that shows a trace; undefined where the trace store has none. */
export function tracePage(installation: Installation, traceId: string): string | undefined {
  const { kind, ui } = traces(installation)
  return kind === 'zipkin' ? `${ui}traces/${traceId}` : undefined
}
