import { join } from 'node:path'
import { storeUser, type Access, type Addresses } from '../../services/kit/bindings.ts'
import { idleConnectionMs } from '../../services/kit/listen.ts'
import type { Service } from '../../services/model/service.ts'
import type { Store } from '../../services/model/store.ts'
import {
  frontedOf,
  issuerOf,
  jwksPath,
  serviceNamed,
  type Topology,
} from '../../services/model/topology.ts'
import type { Installation } from './installation.ts'
import { instanceName } from './needs.ts'
import type { Places } from './paths.ts'
import { hostPortOf, placeOf, traceStoreOf } from './sites.ts'

/** A checkout, for whoever must know where its parts are. */
export interface Here {
  readonly topology: Topology
  readonly where: Places
  readonly installation: Installation
}

/** Who has a twin to go on leaves without cutting a connection that may be in use. */
const drainMs = 2 * idleConnectionMs

/** Everything that instance `instance` of `service` must be told. */
export function addressesOf(service: Service, instance: number, here: Here): Addresses {
  const { topology, where, installation } = here
  const name = instanceName(service, instance)
  const issuer = firstUrlOf(issuerOf(topology), here)
  return {
    instance: name,
    host: '127.0.0.1',
    port: portOf(name, 'main', installation),
    adminPort: portOf(name, 'admin', installation),
    service: (callee) => urlFor(service, serviceNamed(topology, callee), here),
    fronted: frontedOf(topology),
    store: (store, access) => storeAddress(store, access, here),
    kafka: hostPortOf('kafka', installation),
    prefix: '',
    secret: (wanted) => join(where.secrets, wanted),
    issuer: firstUrlOf(frontDoorOf(topology), here),
    jwksUri: issuer + jwksPath,
    tokenUrl: `${issuer}/token`,
    traces: tracesOf(installation),
    environment: 'local',
    migrate: 'start',
    drainMs: (installation.replicas[service.name] ?? 1) > 1 ? drainMs : 0,
  }
}

/** Name of the secret that a store's user logs in with. */
export const storeSecret = (store: Store, access: Access = 'own'): string =>
  `${store.engine}-${storeUser(store, access)}`

/** Base URL of an instance. */
export const urlOf = (name: string, installation: Installation): string =>
  `http://127.0.0.1:${portOf(name, 'main', installation)}`

/** Base URL of an instance's admin port. */
export const adminUrlOf = (name: string, installation: Installation): string =>
  `http://127.0.0.1:${portOf(name, 'admin', installation)}`

/** The service that everybody outside speaks to. */
export const frontDoorOf = (topology: Topology): Service => serviceNamed(topology, 'gateway')

const firstUrlOf = (service: Service, { installation }: Here): string =>
  urlOf(instanceName(service, 1), installation)

// The gateway spreads over the replicas of a service; other callers keep to the first.
function urlFor(caller: Service, callee: Service, here: Here): string {
  if (caller !== frontDoorOf(here.topology)) return firstUrlOf(callee, here)
  const count = Math.max(1, here.installation.replicas[callee.name] ?? 1)
  const names = Array.from({ length: count }, (_, at) => instanceName(callee, at + 1))
  return names.map((name) => urlOf(name, here.installation)).join(',')
}

function storeAddress(store: Store, access: Access, { where, installation }: Here) {
  const { host, port } = placeOf(store.engine, installation)
  // The local OpenSearch asks nobody who they are.
  const asked = store.engine !== 'opensearch'
  return {
    host,
    port,
    user: asked ? storeUser(store, access) : '',
    passwordFile: asked ? join(where.secrets, storeSecret(store, access)) : '',
    // Redis has numbered databases; everybody shares the first and keeps to its own keys.
    database: store.engine === 'redis' ? '0' : store.name,
  }
}

function tracesOf(installation: Installation): Addresses['traces'] {
  const kind = traceStoreOf(installation)
  if (kind === 'zipkin')
    return { kind, endpoint: `http://${hostPortOf('zipkin', installation)}/api/v2/spans` }
  return { kind: 'otlp', endpoint: `${otlpOf(installation)}/v1/traces` }
}

/** Base URL of Tempo's OTLP receiver. */
export const otlpOf = ({ ports }: Installation): string =>
  `http://127.0.0.1:${ports['tempo']?.['otlp'] ?? 4318}`

function portOf(name: string, which: string, { ports }: Installation): number {
  const port = ports[name]?.[which]
  if (port === undefined) throw new Error(`${name} has no port yet: run ./maru up first.`)
  return port
}
