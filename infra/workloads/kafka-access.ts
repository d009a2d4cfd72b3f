import { speaksKafka, type Service } from '../../services/model/service.ts'
import type { Topic } from '../../services/model/topic.ts'
import { clusters } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { replicationOf } from '../foundation/kafka-replication.ts'
import { metadataOf, owned, type StackContext } from './stack-context.ts'

/** One right of a Kafka user, in Strimzi's words. */
export interface Acl {
  readonly resource: {
    readonly type: 'topic' | 'group' | 'cluster'
    readonly name?: string
    readonly patternType?: 'literal' | 'prefix'
  }
  readonly operations: readonly string[]
}

/** Name under which the password of a service's Kafka user is mounted. */
export const kafkaPasswordKey = 'kafka'

/** The topic as Strimzi's operator makes it: partitions, retention, sizes, the broker's own timestamps. */
export function topicObject(topic: Topic, context: StackContext): KubernetesObject {
  const { factor, minInSync } = replicationOf(context.settings)
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: inCluster(
      metadataOf(topic.name.replaceAll('_', '-'), 'topic', context, clusters.kafka),
    ),
    spec: {
      // Object names may hold no underscores.
      topicName: topic.name,
      partitions: topic.partitions,
      replicas: factor,
      config: {
        'retention.ms': topic.retentionMs,
        'max.message.bytes': topic.maxMessageBytes,
        'cleanup.policy': 'delete',
        'message.timestamp.type': 'LogAppendTime',
        'min.insync.replicas': minInSync,
      },
    },
  }
}

/** The service's user with exactly the rights that its declaration asks for; none where it does not speak Kafka. */
export function kafkaUser(service: Service, context: StackContext): readonly KubernetesObject[] {
  if (!speaksKafka(service)) return []
  const user = owned(service, context, {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaUser',
    spec: {
      authentication: { type: 'scram-sha-512' },
      authorization: { type: 'simple', acls: aclsOf(service) },
    },
  })
  return [{ ...user, metadata: inCluster(user.metadata) }]
}

/** Rights on topics and groups that follow from a declaration. Whoever consumes a topic writes its dead letters. */
export function aclsOf(service: Service): readonly Acl[] {
  if (service.observes === 'all') return observer
  const written = service.consumes.flatMap(({ topic }) => topic.deadLetters ?? [])
  return [
    ...unique([...service.publishes, ...written]).map(({ name }) =>
      right('topic', name, ['Write', 'Describe']),
    ),
    ...unique(service.consumes.map(({ topic }) => topic)).map(({ name }) =>
      right('topic', name, ['Read', 'Describe']),
    ),
    ...unique(service.consumes.map(({ group }) => group)).map((group) =>
      right('group', group, ['Read', 'Describe']),
    ),
  ]
}

const right = (type: 'topic' | 'group', name: string, operations: readonly string[]): Acl => ({
  resource: { type, name, patternType: 'literal' },
  operations,
})

const observer: readonly Acl[] = [
  { resource: { type: 'topic', name: '*', patternType: 'literal' }, operations: ['Describe'] },
  { resource: { type: 'group', name: '*', patternType: 'literal' }, operations: ['Describe'] },
  { resource: { type: 'cluster' }, operations: ['Describe'] },
]

const inCluster = (metadata: KubernetesObject['metadata']): KubernetesObject['metadata'] => ({
  ...metadata,
  labels: { ...metadata.labels, 'strimzi.io/cluster': clusters.kafka },
})

const unique = <Item>(items: readonly Item[]): readonly Item[] => [...new Set(items)]
