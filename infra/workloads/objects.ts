import { createHash } from 'node:crypto'
import type { Service } from '../../services/model/service.ts'
import { adminOffset } from '../../services/model/service.ts'
import { frontedOf } from '../../services/model/topology.ts'
import { redisAcl } from '../foundation/redis-acl.ts'
import { selectorOf, type KubernetesObject } from '../kubernetes/object.ts'
import { dashboardConfigMap, prometheusRule } from '../observability/alerts-and-boards.ts'
import { databaseObjects } from './databases.ts'
import { kafkaUser, topicObject } from './kafka-access.ts'
import { defaultDeny, networkPolicy } from './network.ts'
import { podSpec } from './pod.ts'
import { isScaled, replicasOf, scalingObjects } from './scaling.ts'
import { externalSecrets, secretsOf } from './secrets.ts'
import { metadataOf, owned, type StackContext } from './stack-context.ts'

/** A failed migration is tried again this often before the Job has failed. */
const migrationTries = 6
/** Old ReplicaSets to roll back to. */
const revisions = 5

/**
 * Everything in Kubernetes that follows from one service, in the order in which it can be made: identity, secrets,
 * logins, edges, migration, then what serves. The same objects whether Pulumi registers them or Argo CD reads them.
 */
export const serviceObjects = (
  service: Service,
  context: StackContext,
): readonly KubernetesObject[] => [
  serviceAccount(service, context),
  ...externalSecrets(secretsOf(service, context), context),
  ...kafkaUser(service, context),
  ...databaseObjects(service, context),
  networkPolicy(service, context),
  ...migration(service, context),
  deployment(service, context),
  clusterService(service, context),
  disruptionBudget(service, context),
  ...scalingObjects(service, context),
  ...httpRoute(service, context),
  serviceMonitor(service, context),
  prometheusRule(service.name, context.observed(service).rules, context.settings.stack),
  dashboardConfigMap(context.observed(service).board, service.product, context.settings.stack),
]

/** What follows from the topology and belongs to no single service: topics, the default of the network, Redis' users. */
export const platformObjects = (context: StackContext): readonly KubernetesObject[] => [
  defaultDeny(context),
  ...externalSecrets([redisAcl(context.topology)], context),
  ...context.topology.topics.map((topic) => topicObject(topic, context)),
]

const serviceAccount = (service: Service, context: StackContext): KubernetesObject =>
  owned(service, context, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    automountServiceAccountToken: false,
  })

/** Whether a service has a database whose tables it brings along. */
export const migrates = (service: Service): boolean =>
  service.stores.some(({ engine }) => engine === 'postgres' || engine === 'mariadb')

/** Argo CD runs it as a hook of each sync; Pulumi makes one for each image, so its name carries the image. */
function migration(service: Service, context: StackContext): readonly KubernetesObject[] {
  if (!migrates(service)) return []
  const { tag } = context.image(service)
  const suffix = context.settings.delivery === 'pulumi' ? `-${shortHash(tag)}` : ''
  const name = `${service.name}-migrate`
  const metadata = metadataOf(name + suffix, 'migration', context, name)
  return [
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata,
      spec: {
        backoffLimit: migrationTries,
        template: {
          // It enters the database as the service: the service's edges are its own.
          metadata: { labels: { ...metadata.labels, ...edgesOf(service, context) } },
          spec: { ...podSpec(service, context, true), restartPolicy: 'Never' },
        },
      },
    },
  ]
}

const edgesOf = ({ name }: Service, { settings: { stack } }: StackContext) =>
  selectorOf(name, stack)

const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 8)

function deployment(service: Service, context: StackContext): KubernetesObject {
  const matchLabels = serving(service, context)
  const { metadata } = owned(service, context, { apiVersion: '', kind: '' })
  return owned(service, context, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: {
      ...(isScaled(service, context) ? {} : { replicas: replicasOf(service, context).min }),
      revisionHistoryLimit: revisions,
      selector: { matchLabels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: metadata.labels },
        spec: {
          ...podSpec(service, context, false),
          topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map(
            (topologyKey) => spread(topologyKey, matchLabels),
          ),
        },
      },
    },
  })
}

/** Labels of the pods that serve: a migration of the same service is not among them. */
const serving = ({ name }: Service, { settings: { stack } }: StackContext) => ({
  ...selectorOf(name, stack),
  'app.kubernetes.io/component': 'service',
})

const spread = (topologyKey: string, matchLabels: Readonly<Record<string, string>>) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels },
  matchLabelKeys: ['pod-template-hash'],
})

const clusterService = (service: Service, context: StackContext): KubernetesObject =>
  owned(service, context, {
    apiVersion: 'v1',
    kind: 'Service',
    spec: {
      selector: serving(service, context),
      ports: [
        { name: 'http', protocol: 'TCP', port: service.port, targetPort: 'http' },
        { name: 'admin', protocol: 'TCP', port: service.port + adminOffset, targetPort: 'admin' },
      ],
    },
  })

const disruptionBudget = (service: Service, context: StackContext): KubernetesObject =>
  owned(service, context, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    spec: {
      maxUnavailable: 1,
      // A pod that is not ready anyway must not hold up a drain.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: serving(service, context) },
    },
  })

/** The public paths, all of them by way of the service that fronts them. */
function httpRoute(service: Service, context: StackContext): readonly KubernetesObject[] {
  if (service.fronts !== 'all') return []
  const { topology, settings } = context
  const own = Object.values(service.api).map(({ path }) => `/${path.split('/')[1] ?? ''}`)
  const fronted = frontedOf(topology).flatMap(({ edge }) => edge?.prefixes ?? [])
  return [
    owned(service, context, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      spec: {
        parentRefs: [{ name: 'maru' }],
        hostnames: [settings.gateway.host],
        rules: [
          {
            matches: [...new Set([...own, ...fronted])].sort().map((value) => ({
              path: { type: 'PathPrefix', value },
            })),
            backendRefs: [{ name: service.name, port: service.port }],
          },
        ],
      },
    }),
  ]
}

/** The labels `job`, `service` and `instance` are those of the local run, so that queries mean the same. */
const serviceMonitor = (service: Service, context: StackContext): KubernetesObject =>
  owned(service, context, {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    spec: {
      selector: { matchLabels: selectorOf(service.name, context.settings.stack) },
      endpoints: [
        {
          port: 'admin',
          path: '/metrics',
          interval: '15s',
          relabelings: [
            { targetLabel: 'job', replacement: 'services' },
            { targetLabel: 'service', replacement: service.name },
            { sourceLabels: ['__meta_kubernetes_pod_name'], targetLabel: 'instance' },
          ],
        },
      ],
    },
  })
