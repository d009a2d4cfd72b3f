import test from 'ava'
import { topology } from '../../services/topology.ts'
import { violations } from '../definitions/validate.ts'
import { endpointsOf, namespacesOf } from '../endpoints.ts'
import { identityOf } from '../kubernetes/object.ts'
import { contextOf, stackObjects } from '../workloads/testing.ts'
import { filledFrom } from '../workloads/secrets.ts'
import { mariadbWriter } from './mariadb-objects.ts'
import { groupsOf } from './operator-table.ts'
import { redisAcl } from './redis-acl.ts'
import { foundationSecrets } from './secrets.ts'
import { objectsOf, only, settingsOf, stacks, valuesAt } from './testing.ts'

test('no two objects are the same one, and all say that they are ours', (t) => {
  for (const stack of stacks) {
    const objects = objectsOf(settingsOf(stack))
    const others = stackObjects(contextOf(stack))
    const all = [...objects, ...others].map(identityOf)
    t.is(new Set(all).size, all.length, stack)
    for (const { metadata } of objects) {
      t.is(metadata.labels?.['app.kubernetes.io/part-of'], 'maru', metadata.name)
      t.is(metadata.labels?.['app.kubernetes.io/instance'], stack, metadata.name)
    }
  }
})

test('no definition refuses an object, whatever the stack chooses', (t) => {
  for (const stack of stacks)
    for (const backups of ['', 's3://backups/maru'])
      for (const storageClass of ['', 'fast']) {
        const { postgres } = settingsOf(stack)
        const settings = settingsOf(stack, { storageClass, postgres: { ...postgres, backups } })
        t.deepEqual(objectsOf(settings).flatMap(violations), [])
      }
})

test('two stacks of one cluster do not meet', (t) => {
  const names = stacks.map((stack) =>
    objectsOf(settingsOf(stack, { operators: 'present' })).map(identityOf),
  )
  t.deepEqual(
    names[0]?.filter((name) => names[1]?.includes(name)),
    [],
  )
})

test('every volume has the size and the class that the stack gives it', (t) => {
  const chosen = settingsOf('prod', { storageClass: 'fast' })
  const objects = objectsOf(chosen)
  const { kafka, postgres, mariadb, redis, opensearch } = chosen
  const [brokerSizes, claim] = [valuesAt('volumes', objects.filter(isPool)), redisClaim(objects)]
  t.deepEqual(valuesAt('size', brokerSizes), ['10Gi', kafka.storage])
  t.is(only<{ storage: { size: string } }>('Cluster', objects).spec.storage.size, postgres.storage)
  t.is(only<{ storage: { size: string } }>('MariaDB', objects).spec.storage.size, mariadb.storage)
  t.deepEqual(valuesAt('diskSize', objects), [opensearch.storage])
  t.is(claim.resources.requests.storage, redis.storage)
  const classes = ['storageClass', 'storageClassName', 'class'].flatMap((key) =>
    valuesAt(key, objects),
  )
  t.deepEqual(
    classes,
    Array.from({ length: 6 }, () => 'fast'),
  )
  const usual = JSON.stringify(objectsOf(settingsOf('prod', { storageClass: '' })))
  t.false(/"storageClass(Name)?"|"class"/.test(usual))
})

const isPool = ({ kind }: { readonly kind: string }): boolean => kind === 'KafkaNodePool'

const redisClaim = (objects: ReturnType<typeof objectsOf>) => {
  const { spec } = only<{ volumeClaimTemplates: readonly [{ spec: Claim }] }>(
    'StatefulSet',
    objects,
  )
  return spec.volumeClaimTemplates[0].spec
}
interface Claim {
  readonly resources: { readonly requests: { readonly storage: string } }
}

test('nothing deletes a claim where the stack protects its data, and everything does where it does not', (t) => {
  for (const protect of [true, false]) {
    const objects = objectsOf(settingsOf('prod', { protect }))
    t.deepEqual(
      valuesAt('deleteClaim', objects),
      [!protect, !protect],
      'Kafka deletes exactly what is not protected',
    )
    t.deepEqual(valuesAt('whenDeleted', objects), Array(3).fill(protect ? 'Retain' : 'Delete'))
    t.true(valuesAt('whenScaled', objects).every((policy) => policy === 'Retain'))
  }
})

test('namespaces are restricted, but for the node exporter’s, and only who installs brings the shared ones', (t) => {
  const levels = (operators: 'install' | 'present') =>
    Object.fromEntries(
      objectsOf(settingsOf('dev', { operators }))
        .filter(({ kind }) => kind === 'Namespace')
        .map(({ metadata: { name, labels = {} } }) => [
          name,
          ['enforce', 'audit', 'warn'].map((mode) => labels[`pod-security.kubernetes.io/${mode}`]),
        ]),
    )
  const [restricted, privileged] = ['restricted', 'privileged'].map((level) => Array(3).fill(level))
  const { platform, observability, operators, argocd, nodes } = namespacesOf('dev')
  const own = { [platform]: restricted, [observability]: restricted }
  t.deepEqual(levels('present'), own)
  t.deepEqual(levels('install'), {
    ...own,
    [operators]: restricted,
    [argocd]: restricted,
    [nodes]: privileged,
  })
})

test('every Secret that a server mounts is made, with the key that it asks for', (t) => {
  const made = [...foundationSecrets, redisAcl(topology)]
  const fill = filledFrom('a seed for this test alone')
  const keys = Object.fromEntries(made.map(({ name, data }) => [name, Object.keys(data(fill))]))
  for (const stack of stacks) {
    const objects = objectsOf(settingsOf(stack))
    const asked = ['secretKeyRef', 'rootPasswordSecretKeyRef'].flatMap(
      (field) => valuesAt(field, objects) as { name: string; key: string }[],
    )
    t.is(asked.length, 2)
    for (const { name, key } of asked) t.true(keys[name]?.includes(key), `${name} ${key}`)
    t.deepEqual(valuesAt('secretName', objects), ['redis-acl'])
    t.deepEqual(keys['redis-acl'], ['users.acl'])
    t.deepEqual(valuesAt('adminCredentialsSecret', objects), [{ name: 'opensearch-admin' }])
    t.deepEqual(keys['opensearch-admin'], ['username', 'password'])
  }
  t.true(made.every(({ passwords }) => passwords.length > 0))
})

test('every custom kind of a stack comes with an operator of the table', (t) => {
  for (const stack of stacks) {
    const settings = settingsOf(stack, {
      postgres: { ...settingsOf(stack).postgres, backups: 's3://backups/maru' },
    })
    const custom = [...objectsOf(settings), ...stackObjects(contextOf(stack))]
      .map(({ apiVersion }) => apiVersion.split('/')[0] ?? '')
      .filter((group) => group.includes('.') && !builtIn.test(group))
    const brought = groupsOf(settings)
    for (const group of new Set(custom)) t.true(brought.includes(group), `${stack}: ${group}`)
  }
})

const builtIn = /^(apps|batch|policy|autoscaling|(networking|rbac\.authorization)\.k8s\.io)$/

interface Listener {
  readonly protocol: string
  readonly port: number
  readonly hostname: string
  readonly tls?: { readonly certificateRefs: readonly { readonly name: string }[] }
  readonly allowedRoutes: { readonly namespaces: { readonly from: string } }
}

test('the front door is encrypted everywhere but on this machine', (t) => {
  const listeners = (stack: string) =>
    only<{ listeners: readonly Listener[] }>('Gateway', objectsOf(settingsOf(stack))).spec.listeners
  for (const { protocol, port, tls } of listeners('dev'))
    t.deepEqual([protocol, port, tls], ['HTTP', 80, undefined])
  for (const { protocol, port, tls } of listeners('prod')) {
    t.deepEqual([protocol, port], ['HTTPS', 443])
    t.is(tls?.certificateRefs[0]?.name, 'maru-tls')
  }
})

test('at the stack’s own name only its services answer, at names below it only what looks at them', (t) => {
  const { listeners } = only<{ listeners: readonly Listener[] }>(
    'Gateway',
    objectsOf(settingsOf('prod')),
  ).spec
  t.deepEqual(
    listeners.map(({ hostname, allowedRoutes }) => [hostname, allowedRoutes.namespaces.from]),
    [
      ['maru.example.com', 'Same'],
      ['*.maru.example.com', 'Selector'],
    ],
  )
  t.deepEqual(valuesAt('kubernetes.io/metadata.name', listeners), ['maru-prod-observability'])
})

test('Services and clusters have the names that services are told', (t) => {
  const objects = objectsOf(settingsOf('dev'))
  const places = endpointsOf('dev')
  const { kafka } = only<{ kafka: { listeners: readonly [{ port: number }] } }>(
    'Kafka',
    objects,
  ).spec
  t.is(kafka.listeners[0].port, places.kafka.port)
  t.is(only('Kafka', objects).metadata.name + '-kafka-bootstrap', places.kafka.host)
  t.is(only('Cluster', objects).metadata.name + '-rw', places.postgres.host)
  t.is(only('Pooler', objects).metadata.name, places.postgresPooler.host)
  const services = objects.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata)
  t.deepEqual(
    services.map(({ name }) => name),
    [mariadbWriter, places.redis.host],
  )
  const { general } = only<{ general: { serviceName: string; httpPort: number } }>(
    'OpenSearchCluster',
    objects,
  ).spec
  t.like(general, { serviceName: places.opensearch.host, httpPort: places.opensearch.port })
})
