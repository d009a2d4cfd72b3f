/** A place inside the cluster: a Service's name (of the stack's namespace unless qualified) and its port. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Names of the clusters that operators make, and the Services that follow from them. Foundation makes them, services are bound to them. */
export const clusters = {
  kafka: 'kafka',
  postgres: 'postgres',
  mariadb: 'mariadb',
  redis: 'redis',
  opensearch: 'opensearch',
} as const

/** Namespaces of a stack. Two stacks of one cluster share only Argo CD and the operators of whoever installed them. */
export const namespacesOf = (stack: string) => ({
  /** Stores, topics, users and services. */
  platform: `maru-${stack}`,
  operators: `maru-${stack}-operators`,
  observability: `maru-${stack}-observability`,
  /** The node exporter alone: it needs the host, which Pod Security `restricted` forbids. */
  nodes: `maru-${stack}-nodes`,
  argocd: 'argocd',
})

/** The `Gateway` through which the public comes. */
export const frontDoorName = 'maru'

/** Where a stack's servers answer. Strimzi, CloudNativePG and the OpenSearch operator fix the names of their Services. */
export const endpointsOf = (stack: string) =>
  ({
    kafka: { host: `${clusters.kafka}-kafka-bootstrap`, port: 9092 },
    /** For migrations: straight to the primary. */
    postgres: { host: `${clusters.postgres}-rw`, port: 5432 },
    /** For services: through the pooler. */
    postgresPooler: { host: `${clusters.postgres}-pooler`, port: 5432 },
    /** The one that is written to; the Service of the cluster's own name reaches replicas too. */
    mariadb: { host: `${clusters.mariadb}-rw`, port: 3306 },
    redis: { host: clusters.redis, port: 6379 },
    opensearch: { host: clusters.opensearch, port: 9200 },
    /** OTLP over HTTP. */
    collector: { host: `collector.${namespacesOf(stack).observability}`, port: 4318 },
    tempo: { host: `tempo.${namespacesOf(stack).observability}`, port: 3200 },
    loki: { host: `loki.${namespacesOf(stack).observability}`, port: 3100 },
    prometheus: { host: `prometheus-operated.${namespacesOf(stack).observability}`, port: 9090 },
  }) as const satisfies Record<string, Endpoint>

/** Where a secret's files are mounted in a service's container; the bindings point `*_FILE` variables there. */
export const secretsFolder = '/var/run/secrets/maru'
