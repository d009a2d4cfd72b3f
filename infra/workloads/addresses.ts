import { kafkaPasswordKey } from './kafka-access.ts'
import type { Access, Addresses, StoreAddress } from '../../services/kit/bindings.ts'
import { settingSecret, storeUser } from '../../services/kit/bindings.ts'
import { adminOffset, type Service } from '../../services/model/service.ts'
import type { Store } from '../../services/model/store.ts'
import { frontedOf, issuerOf, jwksPath, serviceNamed } from '../../services/model/topology.ts'
import { endpointsOf, secretsFolder } from '../endpoints.ts'
import type { Settings } from '../settings.ts'
import { kebab, storeSecretName } from './secrets.ts'
import type { StackContext } from './stack-context.ts'

/** Base URL of the front door for people outside; plain HTTP only where the host is this machine. */
export const publicUrl = ({ gateway: { host } }: Pick<Settings, 'gateway'>): string =>
  `${host.endsWith('.localhost') ? 'http' : 'https'}://${host}`

/** Endpoints are taken from every load balancer within this time after a pod's end was decided. */
export const drainMs = 5000

/** Everything that a replica of `service` must be told in Kubernetes; `$(INSTANCE)` is filled in by the kubelet. */
export function clusterAddresses(
  service: Service,
  { topology, settings }: StackContext,
  migrating: boolean,
): Addresses {
  const { stack } = settings
  const places = endpointsOf(stack)
  const url = (name: string) => `http://${name}:${serviceNamed(topology, name).port}`
  const issuer = url(issuerOf(topology).name)
  return {
    instance: '$(INSTANCE)',
    host: '0.0.0.0',
    port: service.port,
    adminPort: service.port + adminOffset,
    service: url,
    fronted: frontedOf(topology),
    store: (store, access) => storeAddress(store, access, { places, migrating }),
    kafka: `${places.kafka.host}:${places.kafka.port}`,
    kafkaLogin: { user: service.name, passwordFile: `${secretsFolder}/${kafkaPasswordKey}` },
    prefix: '',
    secret: (name) => `${secretsFolder}/${kebab(name)}`,
    issuer: publicUrl(settings),
    jwksUri: issuer + jwksPath,
    tokenUrl: `${issuer}/token`,
    traces: {
      kind: 'otlp',
      endpoint: `http://${places.collector.host}:${places.collector.port}/v1/traces`,
    },
    environment: stack,
    migrate: 'check',
    drainMs,
  }
}

/** Where OpenSearch's own authority is mounted. */
export const opensearchCa = `${secretsFolder}/opensearch-ca.crt`

/** Migrations go to the primary itself: a pooler in transaction mode is for the services' short statements. */
function storeAddress(
  store: Store,
  access: Access,
  { places, migrating }: { places: ReturnType<typeof endpointsOf>; migrating: boolean },
): StoreAddress {
  const pooled = store.engine === 'postgres' && !migrating
  const { host, port } = pooled ? places.postgresPooler : places[store.engine]
  return {
    host,
    port,
    user:
      store.engine === 'opensearch' ? store.name.replaceAll('_', '-') : storeUser(store, access),
    passwordFile: `${secretsFolder}/${storeSecretName(store, access)}`,
    database: store.engine === 'redis' ? '0' : store.name,
    ...(store.engine === 'opensearch' && { caFile: opensearchCa }),
  }
}

/** Files of a service's secrets: which key of which Secret is mounted under which name. */
export interface MountedSecret {
  readonly secret: string
  readonly key: string
  readonly path: string
}

/** What must be mounted so that every `*_FILE` variable of the service points to a file. */
export function mountedSecrets(service: Service): readonly MountedSecret[] {
  const value = (name: string): MountedSecret => ({ secret: name, key: 'value', path: name })
  const settings = Object.entries(service.settings).flatMap(([key, { secret }]) =>
    secret === undefined ? [] : [value(kebab(settingSecret(service, key)))],
  )
  const logins = [
    ...service.stores.map((store) => storeSecretName(store)),
    ...service.reads.map((store) => storeSecretName(store, 'read')),
  ]
  return [
    ...logins.map((name) => ({ secret: name, key: 'password', path: name })),
    ...(service.identity ? [value(`client-${service.identity.id}`)] : []),
    ...settings,
  ]
}
