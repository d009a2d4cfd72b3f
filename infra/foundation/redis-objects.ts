import { createHash } from 'node:crypto'
import { clusters, endpointsOf } from '../endpoints.ts'
import { selectorOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { containerSecurity, mebibytes, podSecurity } from '../workloads/pod.ts'
import { metadataOf } from '../workloads/stack-context.ts'
import { podMonitor } from './monitors.ts'
import { healthUser, metricsUser, redisAclFile, redisAclSecret } from './redis-acl.ts'
import { redisMetrics } from './secrets.ts'
import { claimsOf, resourcesOf } from './server-pods.ts'

/** What a stack says about Redis. */
export interface RedisArgs {
  readonly settings: Settings
}

const images = {
  redis: 'redis:7.4.7-bookworm',
  exporter: 'oliver006/redis_exporter:v1.80.2',
}

/** Redis writes its append-only file anew in a fork, whose pages are copied as they change; the rest is buffers. */
const memoryShare = 1.5
const memoryBesideMi = 128

const folders = { config: '/etc/redis', acl: '/etc/redis-acl', data: '/data' }
const metricsPort = 9121

/** One Redis with an append-only file: what it loses with its node, the last second at most, is counted again from Kafka. */
export function redisObjects({ settings }: RedisArgs): readonly KubernetesObject[] {
  const matchLabels = selectorOf(clusters.redis, settings.stack)
  return [
    account(settings),
    configMap(settings),
    service(settings),
    statefulSet(settings),
    podMonitor(clusters.redis, { matchLabels, port: 'metrics' }, settings),
  ]
}

const metadata = (settings: Settings) => metadataOf(clusters.redis, 'redis', { settings })

const account = (settings: Settings): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: metadata(settings),
  automountServiceAccountToken: false,
})

const configMap = (settings: Settings): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: metadata(settings),
  data: { 'redis.conf': configOf(settings) },
})

/** As locally; a full memory refuses writes instead of forgetting keys. */
const configOf = ({ stack, redis: { memory } }: Settings): string =>
  [
    `port ${endpointsOf(stack).redis.port}`,
    'bind * -::*',
    // The access list admits nobody without a password but who may only ping.
    'protected-mode no',
    `dir ${folders.data}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    `maxmemory ${mebibytes(memory)}mb`,
    'maxmemory-policy noeviction',
    `aclfile ${folders.acl}/${redisAclFile}`,
    '',
  ].join('\n')

const service = (settings: Settings): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadata(settings),
  spec: {
    selector: selectorOf(clusters.redis, settings.stack),
    ports: [
      {
        name: 'redis',
        protocol: 'TCP',
        port: endpointsOf(settings.stack).redis.port,
        targetPort: 'redis',
      },
    ],
  },
})

function statefulSet(settings: Settings): KubernetesObject {
  const { name, namespace = '', labels = {} } = metadata(settings)
  // Its users may be Argo CD's to deliver, which starts only after the foundation: nobody waits for the pod here.
  const unawaited = settings.delivery === 'gitops' && { 'pulumi.com/skipAwait': 'true' }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace, labels, ...(unawaited && { annotations: unawaited }) },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: selectorOf(clusters.redis, settings.stack) },
      persistentVolumeClaimRetentionPolicy: claimsOf(settings),
      template: {
        metadata: { labels, annotations: { 'maru/config': checksum(configOf(settings)) } },
        spec: podSpec(settings),
      },
      volumeClaimTemplates: [claim(settings)],
    },
  }
}

/** A changed file restarts the pod. */
const checksum = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16)

const podSpec = (settings: Settings) => ({
  serviceAccountName: clusters.redis,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: podSecurity,
  // A clean end writes what is left of the last second.
  terminationGracePeriodSeconds: 60,
  containers: [redis(settings), reloader(settings), exporter(settings)],
  volumes: [
    { name: 'config', configMap: { name: clusters.redis } },
    { name: 'acl', secret: { secretName: redisAclSecret, defaultMode: 0o440 } },
  ],
})

function redis({ stack, redis: { memory } }: Settings) {
  const limit = Math.ceil(mebibytes(memory) * memoryShare) + memoryBesideMi
  const ping = { exec: { command: ['sh', '-c', `[ "$(${cli} ping)" = PONG ]`] }, timeoutSeconds: 3 }
  return {
    name: 'redis',
    image: images.redis,
    command: ['redis-server', `${folders.config}/redis.conf`],
    ports: [{ name: 'redis', containerPort: endpointsOf(stack).redis.port }],
    resources: resourcesOf('100m', `${limit}Mi`),
    securityContext: containerSecurity,
    // Reading a large file at the start takes its time: ten minutes until it has failed.
    startupProbe: { ...ping, periodSeconds: 5, failureThreshold: 120 },
    readinessProbe: { ...ping, periodSeconds: 5, failureThreshold: 2 },
    livenessProbe: { ...ping, periodSeconds: 10, failureThreshold: 6 },
    volumeMounts: [
      { name: 'config', mountPath: folders.config, readOnly: true },
      aclMount,
      { name: 'data', mountPath: folders.data },
    ],
  }
}

const cli = `redis-cli --no-auth-warning --user ${healthUser} --pass ''`

const aclMount = { name: 'acl', mountPath: folders.acl, readOnly: true }

/** Seconds between two looks at the mounted list; the kubelet itself takes up to a minute to renew it. */
const lookEverySeconds = 10

/** A new service or a changed password reaches Redis without a restart: the list is loaded again when it has changed. */
const reloader = (_: Settings) => ({
  name: 'acl-reloader',
  image: images.redis,
  command: ['sh', '-c', reloadScript],
  resources: resourcesOf('5m', '32Mi'),
  securityContext: containerSecurity,
  volumeMounts: [aclMount],
})

// The first process of a container dies of no signal that it has not asked for.
const reloadScript = `
trap 'exit 0' TERM
loaded=
while true; do
  now=$(sha256sum ${folders.acl}/${redisAclFile})
  if [ "$now" != "$loaded" ] && [ "$(${cli} acl load)" = OK ]; then loaded=$now; fi
  sleep ${lookEverySeconds} & wait $!
done
`

const exporter = ({ stack }: Settings) => ({
  name: 'exporter',
  image: images.exporter,
  env: [
    { name: 'REDIS_ADDR', value: `redis://127.0.0.1:${endpointsOf(stack).redis.port}` },
    { name: 'REDIS_USER', value: metricsUser },
    {
      name: 'REDIS_PASSWORD',
      valueFrom: { secretKeyRef: { name: redisMetrics, key: 'password' } },
    },
  ],
  ports: [{ name: 'metrics', containerPort: metricsPort }],
  readinessProbe: { httpGet: { path: '/health', port: 'metrics' } },
  livenessProbe: { httpGet: { path: '/health', port: 'metrics' } },
  resources: resourcesOf('10m', '64Mi'),
  securityContext: containerSecurity,
})

const claim = ({ storageClass, redis: { storage } }: Settings) => ({
  metadata: { name: 'data' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage } },
    ...(storageClass !== '' && { storageClassName: storageClass }),
  },
})
