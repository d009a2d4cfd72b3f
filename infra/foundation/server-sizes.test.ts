import test from 'ava'
import { topology } from '../../services/topology.ts'
import { mebibytes } from '../workloads/pod.ts'
import { replicasOf } from '../workloads/scaling.ts'
import { enginesOf } from '../workloads/edges.ts'
import { mariadbObjects } from './mariadb-objects.ts'
import { replicationOf } from './kafka-replication.ts'
import { objectsOf, only, settingsOf, stacks, valuesAt } from './testing.ts'

const brokerCounts = [1, 2, 3, 4, 9]

test('no topic asks for more copies than there are brokers, and one broker may always be away', (t) => {
  for (const brokers of brokerCounts) {
    const settings = settingsOf('prod', {
      kafka: { ...settingsOf('prod').kafka, brokers, controllers: 0 },
    })
    const { factor, minInSync } = replicationOf(settings)
    t.true(factor <= brokers)
    if (factor > 1) t.true(minInSync < factor, `${brokers} brokers`)
    const { kafka } = only<{ kafka: { config: Record<string, unknown> } }>(
      'Kafka',
      objectsOf(settings),
    ).spec
    for (const [key, value] of Object.entries(kafka.config)) {
      if (key.endsWith('replication.factor')) t.is(value, factor, key)
      if (/min\.(isr|insync\.replicas)$/.test(key)) t.is(value, minInSync, key)
    }
    t.is(kafka.config['auto.create.topics.enable'], false)
  }
})

test('Kafka has one pool that does all, or controllers apart from brokers', (t) => {
  const pools = (controllers: number) =>
    objectsOf(
      settingsOf('prod', { kafka: { ...settingsOf('prod').kafka, brokers: 3, controllers } }),
    )
      .filter(({ kind }) => kind === 'KafkaNodePool')
      .map(({ metadata, spec }) => {
        const { replicas, roles } = spec as { replicas: number; roles: readonly string[] }
        return `${metadata.name}: ${replicas} ${roles.join('+')}`
      })
  t.deepEqual(pools(0), ['brokers: 3 controller+broker'])
  t.deepEqual(pools(5), ['controllers: 5 controller', 'brokers: 3 broker'])
})

interface Pooled {
  readonly instances: number
  readonly pgbouncer: { readonly parameters: Readonly<Record<string, string>> }
}
interface Clustered {
  readonly postgresql: { readonly parameters: Readonly<Record<string, string>> }
}

/** Connections of a replica's pool in the kit. */
const perReplica = 16

test('a pooler takes all replicas’ connections, and Postgres all poolers’', (t) => {
  for (const stack of stacks) {
    const settings = settingsOf(stack)
    const objects = objectsOf(settings)
    const { instances, pgbouncer } = only<Pooled>('Pooler', objects).spec
    const { parameters } = only<Clustered>('Cluster', objects).spec.postgresql
    const users = topology.services.filter((one) => enginesOf(one).includes('postgres'))
    const asked = users.reduce(
      (sum, one) => sum + replicasOf(one, { settings }).max * perReplica,
      0,
    )
    const databases = topology.stores.filter(({ engine }) => engine === 'postgres').length
    t.true(Number(pgbouncer.parameters['max_client_conn']) >= asked, stack)
    const given = databases * instances * Number(pgbouncer.parameters['default_pool_size'])
    t.true(Number(parameters['max_connections']) > given, stack)
    t.true(Number(pgbouncer.parameters['max_prepared_statements']) > 0)
  }
})

test('Redis may use less than its container has, and refuses instead of forgetting', (t) => {
  for (const stack of stacks) {
    const settings = settingsOf(stack)
    const objects = objectsOf(settings)
    const text = String(valuesAt('redis.conf', objects)[0])
    const maxMemory = Number(/^maxmemory (\d+)mb$/m.exec(text)?.[1])
    const [limits] = valuesAt('limits', only('StatefulSet', objects)) as { memory: string }[]
    t.is(maxMemory, mebibytes(settings.redis.memory))
    t.true(mebibytes(limits?.memory ?? '') >= maxMemory * 1.5)
    t.regex(text, /^maxmemory-policy noeviction$/m)
    t.regex(text, /^appendonly yes$/m)
  }
})

test('OpenSearch’s heap is half of its memory, and an odd number of nodes elects', (t) => {
  for (const nodes of [1, 3, 7]) {
    const settings = settingsOf('prod', {
      opensearch: { nodes, storage: '10Gi', memory: '4Gi' },
    })
    const { nodePools } = only<{ nodePools: readonly Pool[] }>(
      'OpenSearchCluster',
      objectsOf(settings),
    ).spec
    const electing = nodePools.filter(({ roles }) => roles.includes('cluster_manager'))
    t.is(electing.reduce((sum, { replicas }) => sum + replicas, 0) % 2, 1)
    t.is(
      nodePools.reduce((sum, { replicas }) => sum + replicas, 0),
      nodes,
    )
    t.true(nodePools.every(({ jvm }) => jvm === '-Xms2048M -Xmx2048M'))
  }
})

interface Pool {
  readonly replicas: number
  readonly roles: readonly string[]
  readonly jvm: string
}

test('a commit waits for a second instance as soon as one may be lost', (t) => {
  const waits = (instances: number) =>
    valuesAt(
      'synchronous',
      objectsOf(settingsOf('prod', { postgres: { ...settingsOf('prod').postgres, instances } })),
    ).length
  t.deepEqual([1, 2, 3, 5].map(waits), [0, 0, 1, 1])
})

test('backups exist where there is a bucket, and the log goes there too', (t) => {
  const { postgres } = settingsOf('prod')
  const without = objectsOf(settingsOf('prod')).map(({ kind }) => kind)
  t.false(without.includes('ScheduledBackup'))
  const objects = objectsOf(
    settingsOf('prod', { postgres: { ...postgres, backups: 's3://backups/maru' } }),
  )
  const bucket = only('ObjectStore', objects)
  t.deepEqual(valuesAt('destinationPath', bucket), ['s3://backups/maru'])
  t.deepEqual(valuesAt('barmanObjectName', only('Cluster', objects)), [bucket.metadata.name])
  t.is(only<{ method: string }>('ScheduledBackup', objects).spec.method, 'plugin')
})

test('writes reach the one MariaDB server that takes them', (t) => {
  const selects = (replicas: number) =>
    only<{ selector: Record<string, string> }>(
      'Service',
      mariadbObjects({
        settings: settingsOf('prod', { mariadb: { replicas, storage: '1Gi' } }),
        topology,
      }),
    ).spec.selector['k8s.mariadb.com/role']
  t.deepEqual([1, 2, 3].map(selects), [undefined, 'primary', 'primary'])
})
