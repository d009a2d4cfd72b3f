import test from 'ava'
import { schemaOf } from './definitions.ts'
import { kinds, type Kind } from './kinds.ts'
import type { ObjectStoreSpec } from './narrow/barman.ts'
import type { DatabaseSpec, GrantSpec, MariaDBSpec, UserSpec } from './narrow/mariadb.ts'
import type * as opensearch from './narrow/opensearch.ts'
import type * as strimzi from './narrow/strimzi.ts'
import { violations } from './validate.ts'

const mariaDbRef = { name: 'mariadb' }
const opensearchCluster = { name: 'opensearch' }
const resources = { requests: { cpu: '100m', memory: '1Gi' }, limits: { memory: '1Gi' } }

/** A sensible object of every kind that is known by its documentation only. */
const good: Readonly<Record<string, object>> = {
  'kafka.strimzi.io/Kafka': {
    kafka: {
      version: '4.3.1',
      listeners: [
        {
          name: 'plain',
          port: 9092,
          type: 'internal',
          tls: false,
          authentication: { type: 'scram-sha-512' },
        },
      ],
      authorization: { type: 'simple', superUsers: ['CN=admin'] },
      config: { 'min.insync.replicas': 2 },
      metricsConfig: { type: 'strimziMetricsReporter', values: { allowList: ['kafka_.*'] } },
    },
    entityOperator: { topicOperator: { resources }, userOperator: { resources } },
  } satisfies strimzi.KafkaSpec,
  'kafka.strimzi.io/KafkaNodePool': {
    replicas: 3,
    roles: ['broker', 'controller'],
    resources,
    storage: {
      type: 'jbod',
      volumes: [{ id: 0, type: 'persistent-claim', size: '10Gi', kraftMetadata: 'shared' }],
    },
    jvmOptions: { '-Xmx': '512m' },
  } satisfies strimzi.KafkaNodePoolSpec,
  'kafka.strimzi.io/KafkaTopic': {
    topicName: 'payment.v1',
    partitions: 6,
    replicas: 3,
    config: { 'retention.ms': 86_400_000 },
  } satisfies strimzi.KafkaTopicSpec,
  'kafka.strimzi.io/KafkaUser': {
    authentication: { type: 'scram-sha-512' },
    authorization: {
      type: 'simple',
      acls: [
        { resource: { type: 'topic', name: 'a', patternType: 'prefix' }, operations: ['Read'] },
      ],
    },
  } satisfies strimzi.KafkaUserSpec,
  'k8s.mariadb.com/MariaDB': {
    replicas: 3,
    rootPasswordSecretKeyRef: { name: 'mariadb-root', key: 'password' },
    storage: { size: '10Gi', pvcRetentionPolicy: { whenDeleted: 'Retain' } },
    resources,
    podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    replication: { enabled: true, primary: { autoFailover: true } },
  } satisfies MariaDBSpec,
  'k8s.mariadb.com/Database': { mariaDbRef, characterSet: 'utf8mb4' } satisfies DatabaseSpec,
  'k8s.mariadb.com/User': {
    mariaDbRef,
    passwordSecretKeyRef: { name: 'mariadb-ledger', key: 'password' },
  } satisfies UserSpec,
  'k8s.mariadb.com/Grant': {
    mariaDbRef,
    username: 'ledger',
    privileges: ['ALL PRIVILEGES'],
  } satisfies GrantSpec,
  'opensearch.org/OpenSearchCluster': {
    general: { serviceName: 'opensearch', version: '3.8.0', setVMMaxMapCount: false },
    security: {
      tls: { transport: { generate: true, perNode: true }, http: { generate: true } },
      config: { adminCredentialsSecret: { name: 'opensearch-admin' } },
    },
    nodePools: [
      {
        component: 'nodes',
        replicas: 3,
        roles: ['cluster_manager', 'data'],
        diskSize: '10Gi',
        persistence: { pvc: { accessModes: ['ReadWriteOnce'] } },
        pdb: { enable: true, maxUnavailable: 1 },
      },
    ],
  } satisfies opensearch.OpenSearchClusterSpec,
  'opensearch.org/OpensearchUser': {
    opensearchCluster,
    passwordFrom: { name: 'opensearch-search', key: 'password' },
  } satisfies opensearch.OpensearchUserSpec,
  'opensearch.org/OpensearchRole': {
    opensearchCluster,
    indexPermissions: [{ indexPatterns: ['titles*'], allowedActions: ['indices_all'] }],
  } satisfies opensearch.OpensearchRoleSpec,
  'opensearch.org/OpensearchUserRoleBinding': {
    opensearchCluster,
    users: ['search'],
    roles: ['search'],
  } satisfies opensearch.OpensearchUserRoleBindingSpec,
  'barmancloud.cnpg.io/ObjectStore': {
    retentionPolicy: '30d',
    configuration: {
      destinationPath: 's3://backups/postgres',
      s3Credentials: { inheritFromIAMRole: true },
      wal: { compression: 'zstd', maxParallel: 4 },
      data: { compression: 'gzip', jobs: 2 },
    },
  } satisfies ObjectStoreSpec,
}

const narrow = kinds.filter(({ definition }) => 'spec' in definition)
const nameOf = ({ group, kind }: Kind): string => `${group}/${kind}`
const refused = (name: string, spec: unknown): readonly string[] => {
  const kind = kinds.find((one) => nameOf(one) === name)
  const apiVersion = `${kind?.group}/${kind?.version}`
  const metadata = { name: 'one', namespace: 'maru-dev' }
  return violations({ apiVersion, kind: kind?.kind ?? '', metadata, spec })
}

test('a sensible object of every narrow kind is taken', (t) => {
  t.deepEqual(Object.keys(good).sort(), narrow.map(nameOf).sort())
  for (const [name, spec] of Object.entries(good)) t.deepEqual(refused(name, spec), [], name)
})

test('a slip of the pen is found in every object within, but for what is handed on as it is', (t) => {
  for (const [name, spec] of Object.entries(good))
    for (const { path, slipped } of slips(spec, 'spec')) {
      const expected = handedOn.test(path)
        ? []
        : [`${name} maru-dev/one: ${path}.cluzter is not known`]
      t.deepEqual(
        refused(name, slipped).map((sentence) => sentence.replace(/ \(did you mean .*\)$/, '')),
        expected,
        `${name} ${path}`,
      )
    }
})

test('what the operators refuse is refused here', (t) => {
  const cases: readonly (readonly [name: string, changed: object, sentence: RegExp])[] = [
    [
      'barmancloud.cnpg.io/ObjectStore',
      { configuration: { destinationPath: 's3://a', wal: { jobs: 2 } } },
      /wal\.jobs is not known/,
    ],
    [
      'barmancloud.cnpg.io/ObjectStore',
      { configuration: { destinationPath: 's3://a', data: { compression: 'zstd' } } },
      /data\.compression must be one of bzip2, gzip, snappy, but is "zstd"/,
    ],
    [
      'k8s.mariadb.com/MariaDB',
      { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      /securityContext\.seccompProfile is not known/,
    ],
    ['k8s.mariadb.com/Grant', { privileges: [] }, /privileges must have at least 1 items/],
    ['barmancloud.cnpg.io/ObjectStore', { configuration: {} }, /destinationPath is missing/],
  ]
  for (const [name, changed, sentence] of cases)
    t.regex(refused(name, { ...good[name], ...changed })[0] ?? '', sentence)
})

test('every object of a narrow schema names its fields, but for what is handed on as it is', (t) => {
  for (const kind of narrow) {
    const { properties } = schemaOf(kind) as { properties: { spec: object } }
    for (const path of openIn(properties.spec, 'spec')) t.regex(path, handedOn, nameOf(kind))
  }
})

/** Maps of any names: what servers read, labels, quantities. */
const handedOn =
  /(?<!security)\.(config|values|jvmOptions|additionalConfig|attributes|labels|annotations|matchLabels|requests|limits)$/

interface Slip {
  readonly path: string
  readonly slipped: unknown
}

/** The value with one field too many, once for each object in it. */
function slips(value: unknown, path: string): readonly Slip[] {
  if (typeof value !== 'object' || value === null) return []
  const within = (key: string | number, one: unknown, at: string) =>
    slips(one, at).map(({ path: where, slipped }) => ({
      path: where,
      slipped: Array.isArray(value)
        ? value.with(Number(key), slipped)
        : { ...value, [key]: slipped },
    }))
  if (Array.isArray(value)) return value.flatMap((one, at) => within(at, one, `${path}[${at}]`))
  return [
    { path, slipped: { ...value, cluzter: 'x' } },
    ...Object.entries(value).flatMap(([key, one]) => within(key, one, `${path}.${key}`)),
  ]
}

/** Paths of the objects whose fields may have any name. */
function openIn(schema: object, path: string): readonly string[] {
  const { type, properties, items } = schema as {
    type?: string
    properties?: Record<string, object>
    items?: object
  }
  return [
    ...(type === 'object' && properties === undefined ? [path] : []),
    ...Object.entries(properties ?? {}).flatMap(([key, one]) => openIn(one, `${path}.${key}`)),
    ...(items ? openIn(items, `${path}[]`) : []),
  ]
}
