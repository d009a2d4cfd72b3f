import { z } from 'zod'
import {
  anything,
  containerSecurity,
  inherited,
  integer,
  podSecurity,
  resources,
  spread,
} from './pieces.ts'

const podTemplate = z.strictObject({
  metadata: inherited.optional(),
  securityContext: podSecurity.optional(),
  topologySpreadConstraints: spread.optional(),
  terminationGracePeriodSeconds: integer.optional(),
})
const containerTemplate = z.strictObject({ securityContext: containerSecurity.optional() })

const authentication = z.strictObject({ type: z.enum(['scram-sha-512', 'tls']) })

/** https://strimzi.io/docs/operators/latest/configuring#type-KafkaSpec-reference */
export const kafka = z.strictObject({
  kafka: z.strictObject({
    version: z.string().optional(),
    metadataVersion: z.string().optional(),
    listeners: z.array(
      z.strictObject({
        name: z.string(),
        port: integer,
        type: z.enum(['internal', 'route', 'loadbalancer', 'nodeport', 'cluster-ip']),
        tls: z.boolean(),
        authentication: authentication.optional(),
      }),
    ),
    authorization: z
      .strictObject({ type: z.enum(['simple']), superUsers: z.array(z.string()).optional() })
      .optional(),
    config: anything.optional(),
    metricsConfig: z
      .strictObject({ type: z.enum(['strimziMetricsReporter']), values: anything.optional() })
      .optional(),
  }),
  entityOperator: z
    .strictObject({
      topicOperator: z.strictObject({ resources: resources.optional() }).optional(),
      userOperator: z.strictObject({ resources: resources.optional() }).optional(),
      template: z
        .strictObject({
          pod: podTemplate.optional(),
          topicOperatorContainer: containerTemplate.optional(),
          userOperatorContainer: containerTemplate.optional(),
        })
        .optional(),
    })
    .optional(),
})

/** https://strimzi.io/docs/operators/latest/configuring#type-KafkaNodePoolSpec-reference */
export const kafkaNodePool = z.strictObject({
  replicas: integer.min(0),
  roles: z.array(z.enum(['broker', 'controller'])),
  resources: resources.optional(),
  storage: z.strictObject({
    type: z.enum(['jbod']),
    volumes: z.array(
      z.strictObject({
        id: integer,
        type: z.enum(['persistent-claim', 'ephemeral']),
        size: z.string(),
        class: z.string().optional(),
        deleteClaim: z.boolean().optional(),
        kraftMetadata: z.enum(['shared']).optional(),
      }),
    ),
  }),
  jvmOptions: anything.optional(),
  template: z
    .strictObject({
      pod: podTemplate.optional(),
      kafkaContainer: containerTemplate.optional(),
    })
    .optional(),
})

/** https://strimzi.io/docs/operators/latest/configuring#type-KafkaTopicSpec-reference */
export const kafkaTopic = z.strictObject({
  topicName: z.string().optional(),
  partitions: integer.min(1),
  replicas: integer.min(1),
  config: anything.optional(),
})

/** https://strimzi.io/docs/operators/latest/configuring#type-KafkaUserSpec-reference */
export const kafkaUser = z.strictObject({
  authentication: authentication.optional(),
  authorization: z
    .strictObject({
      type: z.enum(['simple']),
      acls: z.array(
        z.strictObject({
          resource: z.strictObject({
            type: z.enum(['topic', 'group', 'cluster', 'transactionalId']),
            name: z.string().optional(),
            patternType: z.enum(['literal', 'prefix']).optional(),
          }),
          operations: z.array(
            z.enum([
              'Read',
              'Write',
              'Delete',
              'Alter',
              'Describe',
              'All',
              'IdempotentWrite',
              'ClusterAction',
              'Create',
              'AlterConfigs',
              'DescribeConfigs',
            ]),
          ),
          type: z.enum(['allow', 'deny']).optional(),
          host: z.string().optional(),
        }),
      ),
    })
    .optional(),
})

export type KafkaSpec = z.infer<typeof kafka>
export type KafkaNodePoolSpec = z.infer<typeof kafkaNodePool>
export type KafkaTopicSpec = z.infer<typeof kafkaTopic>
export type KafkaUserSpec = z.infer<typeof kafkaUser>
