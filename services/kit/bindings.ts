import { adminOffset, hasDatabase, speaksKafka, type Service } from '../model/service.ts'
import type { Store } from '../model/store.ts'

/** Who comes in, and the path of the file that holds the password. */
export interface Login {
  readonly user: string
  readonly passwordFile: string
}

/** Where a store is, as strings for the environment. An empty `user` and `passwordFile`: it asks for no login. */
export interface StoreAddress extends Login {
  readonly host: string
  readonly port: number
  /** Database (SQL) or alias (OpenSearch). */
  readonly database: string
  /** OpenSearch behind TLS: path of the authority's certificate. Absent: plain HTTP. */
  readonly caFile?: string
}

/** As whom a service comes to a store: as its owner, or as somebody who may only read. */
export type Access = 'own' | 'read'

/** Name of a store's user on its server. */
export const storeUser = ({ name }: Store, access: Access): string =>
  access === 'own' ? name : `${name}_reader`

/** Everything that one instance must be told, whoever runs it. */
export interface Addresses {
  readonly instance: string
  readonly host: string
  readonly port: number
  readonly adminPort: number
  /** Base URL of a service, e.g. `http://127.0.0.1:8103`; several replicas comma separated where the caller fronts all. */
  service(name: string): string
  /** `frontedOf(topology)`: the services whose URLs are told to whoever fronts all. */
  readonly fronted: readonly Service[]
  store(store: Store, access: Access): StoreAddress
  readonly kafka: string
  /** SCRAM-SHA-512; absent where the brokers ask for no login. */
  readonly kafkaLogin?: Login
  /** Put before topic, group and index names, so that tests share servers without meeting; '' in earnest. */
  readonly prefix: string
  /** Path of a generated secret's file. */
  secret(name: string): string
  readonly issuer: string
  readonly jwksUri: string
  readonly tokenUrl: string
  readonly traces: { readonly kind: 'otlp' | 'zipkin' | 'none'; readonly endpoint: string }
  readonly environment: string
  readonly migrate: 'start' | 'check'
  /** How long a replica that leaves says goodbye on its connections; 0 where nobody could go elsewhere. */
  readonly drainMs: number
}

/** One environment variable of a service: how it is named, and what writes it. */
export interface Variable {
  readonly name: string
  readonly summary: string
  /** Secrets are written as `<name>_FILE`. */
  readonly secret: boolean
  /** Value when nobody sets it; undefined: it must be set. */
  readonly fallback?: string
  /** Its value at these addresses; '': there is nothing to be told, and the variable is not written. */
  readonly from?: (addresses: Addresses) => string
}

/**
 * The variables of a service, derived from its declaration. The one function behind what the local run and
 * Kubernetes write and what `config` reads.
 */
export function variablesOf(service: Service): readonly Variable[] {
  return [
    ...processVariables,
    ...service.stores.flatMap((store) => storeVariables(store, 'own')),
    ...service.reads.flatMap((store) => storeVariables(store, 'read')),
    ...kafkaVariables(service),
    ...service.calls.map((callee) => serviceVariable(callee.name)),
    ...tokenVariables(service),
    ...identityVariables(service),
    ...settingVariables(service),
  ]
}

/** The environment that runs `service` at `addresses`: names and values, secrets as `*_FILE` paths. */
export function environmentOf(service: Service, addresses: Addresses): Record<string, string> {
  const set = variablesOf(service).flatMap(({ name, secret, from }) => {
    const value = from?.(addresses) ?? ''
    return value === '' ? [] : [[secret ? `${name}_FILE` : name, value]]
  })
  return {
    ...Object.fromEntries(set),
    ...frontedEnvironment(service, addresses),
    ...traceEnvironment(service, addresses),
  }
}

/** Name of a store's variable, e.g. `POSTGRES_CATALOG_HOST`. */
export const storeVariable = (store: Store, field: string): string =>
  `${store.engine}_${store.name}_${field}`.toUpperCase().replaceAll('-', '_')

/** Name of the variable that holds a service's base URL, e.g. `SERVICE_CATALOG_URL`. */
export const serviceVariableName = (name: string): string =>
  `SERVICE_${name.toUpperCase().replaceAll('-', '_')}_URL`

/** Name of a service's own variable, e.g. `contentPool` of generator → `GENERATOR_CONTENT_POOL`. */
export const settingVariableName = (service: Service, key: string): string =>
  `${service.name}_${key.replace(/[A-Z]/g, (letter) => `_${letter}`)}`
    .toUpperCase()
    .replaceAll('-', '_')

/** Name of the secret that a setting of kind `random` or `clients` lives under. */
export const settingSecret = (service: Service, key: string): string => `${service.name}-${key}`

/**
 * Names in an environment that hold URLs of fronted services. A declaration cannot list them, since the fronted
 * services' own declarations may refer to it; whoever fronts all compares them with the topology when it starts.
 */
export const frontedVariableNames = (
  service: Service,
  names: readonly string[],
): readonly string[] =>
  service.fronts === 'all' ? names.filter((name) => /^SERVICE_[A-Z0-9_]+_URL$/.test(name)) : []

const frontedEnvironment = (service: Service, addresses: Addresses): Record<string, string> =>
  service.fronts === 'all'
    ? Object.fromEntries(
        addresses.fronted.map(({ name }) => [serviceVariableName(name), addresses.service(name)]),
      )
    : {}

/** The variable of a service's base URL. */
export const serviceVariable = (name: string): Variable => ({
  name: serviceVariableName(name),
  summary: `Base URL of ${name}`,
  secret: false,
  from: (addresses) => addresses.service(name),
})

const plain = (
  name: string,
  summary: string,
  rest: Pick<Variable, 'fallback' | 'from'> = {},
): Variable => ({ name, summary, secret: false, ...rest })

const processVariables: readonly Variable[] = [
  plain('INSTANCE', 'Name of this replica', { from: (a) => a.instance }),
  plain('HOST', 'Address to listen on', { fallback: '0.0.0.0', from: (a) => a.host }),
  plain('PORT', 'Public port', { from: (a) => String(a.port) }),
  plain('ADMIN_PORT', `Health and metrics port (port + ${adminOffset})`, {
    from: (a) => String(a.adminPort),
  }),
  plain('DEPLOYMENT_ENVIRONMENT', 'local, dev or prod', {
    fallback: 'local',
    from: (a) => a.environment,
  }),
  plain('MIGRATE', 'start: migrate at start; check: only compare versions', {
    fallback: 'check',
    from: (a) => a.migrate,
  }),
  plain('LOG_LEVEL', 'pino level', { fallback: 'info' }),
  plain(
    'OVERLOAD_AFTER_MS',
    'How long a request of a burst may wait for its turn before it is refused with 503; 0 refuses none',
    { fallback: '500' },
  ),
  plain('DRAIN_MS', 'Wait between readiness off and the end of accepting', {
    fallback: '0',
    from: (a) => String(a.drainMs),
  }),
  plain('STOP_DEADLINE_MS', 'A stop that takes longer is forced', { fallback: '15000' }),
]

function storeVariables(store: Store, access: Access): readonly Variable[] {
  const field = (name: string, value: (address: StoreAddress) => string): Variable => ({
    name: storeVariable(store, name),
    summary: `${name.toLowerCase()} of ${store.engine} store ${store.name}`,
    secret: name === 'PASSWORD',
    from: (addresses) => value(addresses.store(store, access)),
  })
  const optional = (variable: Variable): Variable => ({ ...variable, fallback: '' })
  const place = [
    field('HOST', (a) => a.host),
    field('PORT', (a) => String(a.port)),
    field('DATABASE', (a) => a.database),
  ]
  const login = [field('USER', (a) => a.user), field('PASSWORD', (a) => a.passwordFile)]
  const ca = field('CA', (a) => a.caFile ?? '')
  return store.engine === 'opensearch'
    ? [...place, ...[...login, ca].map(optional)]
    : [...place, ...login]
}

const kafkaVariables = (service: Service): readonly Variable[] =>
  speaksKafka(service)
    ? [
        plain('KAFKA_BOOTSTRAP', 'Brokers, comma separated', { from: (a) => a.kafka }),
        plain('KAFKA_PREFIX', 'Before topic and group names', {
          fallback: '',
          from: (a) => a.prefix,
        }),
        plain('KAFKA_USER', 'SCRAM user, if the brokers ask for a login', {
          fallback: '',
          from: (a) => a.kafkaLogin?.user ?? '',
        }),
        {
          ...plain('KAFKA_PASSWORD', 'Its password', {
            fallback: '',
            from: (a) => a.kafkaLogin?.passwordFile ?? '',
          }),
          secret: true,
        },
        plain('KAFKA_SESSION_MS', 'How long a silent member keeps its partitions', {
          fallback: '10000',
        }),
        ...(hasDatabase(service)
          ? [
              plain('OUTBOX_LEASE_MS', 'How long a relay that died keeps the rows it had claimed', {
                fallback: '30000',
              }),
            ]
          : []),
      ]
    : []

const tokenVariables = (service: Service): readonly Variable[] => [
  plain('AUTH_ISSUER', 'Expected `iss` of tokens', { from: (a) => a.issuer }),
  ...(service.api['jwks']
    ? []
    : [plain('AUTH_JWKS_URI', 'Where the token keys are', { from: (a) => a.jwksUri })]),
]

const identityVariables = (service: Service): readonly Variable[] =>
  service.identity
    ? [
        plain('AUTH_TOKEN_URL', 'Where tokens are issued', { from: (a) => a.tokenUrl }),
        plain('CLIENT_ID', 'Who this service is', identityOf(service.identity)),
        {
          ...plain('CLIENT_SECRET', 'Its secret', {
            from: (a) => a.secret(`client-${service.identity?.id}`),
          }),
          secret: true,
        },
      ]
    : []

const identityOf = ({ id }: { readonly id: string }) => ({ fallback: id, from: () => id })

const settingVariables = (service: Service): readonly Variable[] =>
  Object.entries(service.settings).map(([key, setting]) => ({
    name: settingVariableName(service, key),
    summary: setting.summary,
    secret: setting.secret !== undefined,
    ...(setting.secret
      ? { from: (addresses: Addresses) => addresses.secret(settingSecret(service, key)) }
      : { fallback: '' }),
  }))

function traceEnvironment(service: Service, { traces, instance, environment }: Addresses) {
  return {
    OTEL_SERVICE_NAME: service.name,
    OTEL_RESOURCE_ATTRIBUTES: `service.namespace=${service.product},service.instance.id=${instance},deployment.environment.name=${environment}`,
    OTEL_TRACES_EXPORTER: traces.kind,
    // The default detectors put a dozen host and process attributes on every span.
    OTEL_NODE_RESOURCE_DETECTORS: 'env',
    ...(traces.kind === 'zipkin' && { OTEL_EXPORTER_ZIPKIN_ENDPOINT: traces.endpoint }),
    ...(traces.kind === 'otlp' && { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces.endpoint }),
  }
}
