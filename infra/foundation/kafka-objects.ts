import { clusters } from '../endpoints.ts'
import { partOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { kafkaPods } from '../workloads/network.ts'
import { metadataOf } from '../workloads/stack-context.ts'
import { replicationOf } from './kafka-replication.ts'
import { podMonitor } from './monitors.ts'
import { resourcesOf, serverContainerSecurity, serverPodSecurity, spreadOf } from './server-pods.ts'

/** What a stack says about Kafka. */
export interface KafkaArgs {
  readonly settings: Settings
}

const apiVersion = 'kafka.strimzi.io/v1'
const kafkaVersion = '4.3.1'

/** The metadata log alone: it is snapshotted and stays far below this. */
const controllerStorage = '10Gi'

/** Half of the memory is the heap (Strimzi's default), the rest is the page cache that readers are served from. */
const resources = {
  /** Broker and controller in one, for trying things out. */
  dual: resourcesOf('250m', '1Gi'),
  broker: resourcesOf('1', '4Gi'),
  controller: resourcesOf('250m', '1Gi'),
  operator: resourcesOf('50m', '384Mi'),
}

/** The Kafka cluster: its node pools, the brokers' settings, and how it is scraped. */
export const kafkaObjects = ({ settings }: KafkaArgs): readonly KubernetesObject[] => [
  ...pools(settings),
  kafka(settings),
  podMonitor(clusters.kafka, { matchLabels: kafkaPods, port: 'tcp-prometheus' }, settings),
]

type Role = 'broker' | 'controller'

/** Without controllers of their own the brokers are controllers too. */
function pools(settings: Settings): readonly KubernetesObject[] {
  const { brokers, controllers, storage } = settings.kafka
  if (controllers === 0)
    return [
      pool('brokers', ['controller', 'broker'], { replicas: brokers, storage }, settings, 'dual'),
    ]
  const controlling = { replicas: controllers, storage: controllerStorage }
  return [
    pool('controllers', ['controller'], controlling, settings, 'controller'),
    pool('brokers', ['broker'], { replicas: brokers, storage }, settings, 'broker'),
  ]
}

function pool(
  name: string,
  roles: readonly Role[],
  { replicas, storage }: { readonly replicas: number; readonly storage: string },
  settings: Settings,
  size: keyof typeof resources,
): KubernetesObject {
  const metadata = metadataOf(name, 'kafka', { settings }, clusters.kafka)
  return {
    apiVersion,
    kind: 'KafkaNodePool',
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, 'strimzi.io/cluster': clusters.kafka },
    },
    spec: {
      replicas,
      roles,
      resources: resources[size],
      storage: { type: 'jbod', volumes: [volume(storage, settings)] },
      template: {
        pod: {
          metadata: { labels: partOf },
          securityContext: serverPodSecurity,
          topologySpreadConstraints: spreadOf({ 'strimzi.io/pool-name': name }),
        },
        kafkaContainer: { securityContext: serverContainerSecurity },
      },
    },
  }
}

const volume = (size: string, { storageClass, protect }: Settings) => ({
  id: 0,
  type: 'persistent-claim',
  size,
  ...(storageClass !== '' && { class: storageClass }),
  deleteClaim: !protect,
  kraftMetadata: 'shared',
})

const kafka = (settings: Settings): KubernetesObject => ({
  apiVersion,
  kind: 'Kafka',
  metadata: metadataOf(clusters.kafka, 'kafka', { settings }),
  spec: {
    kafka: {
      version: kafkaVersion,
      listeners: [
        {
          name: 'plain',
          port: 9092,
          type: 'internal',
          tls: false,
          authentication: { type: 'scram-sha-512' },
        },
      ],
      authorization: { type: 'simple' },
      config: configOf(settings),
      metricsConfig: { type: 'strimziMetricsReporter' },
    },
    entityOperator: entityOperator(),
  },
})

/** Topics exist by declaration only; Kafka's own are as safe as ours. */
function configOf(settings: Settings) {
  const { factor, minInSync } = replicationOf(settings)
  return {
    'auto.create.topics.enable': false,
    'default.replication.factor': factor,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': factor,
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': factor,
    'share.coordinator.state.topic.min.isr': minInSync,
  }
}

const entityOperator = () => ({
  topicOperator: { resources: resources.operator },
  userOperator: { resources: resources.operator },
  template: {
    pod: { metadata: { labels: partOf }, securityContext: serverPodSecurity },
    topicOperatorContainer: { securityContext: serverContainerSecurity },
    userOperatorContainer: { securityContext: serverContainerSecurity },
  },
})
