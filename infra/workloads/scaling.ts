import type { Service } from '../../services/model/service.ts'
import { endpointsOf } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { owned, type StackContext } from './stack-context.ts'

/** A replica is added when they use more than this share of what they asked for. */
const targetCpuPercent = 70
/** KEDA looks at the lag this often. */
const pollingSeconds = 15
/** What went up stays up this long: a rebalance costs more than an idle replica. */
const calmSeconds = 300

/** Replicas of a service in a stack: what it declares, within the stack's caps, unless the stack overrides it. */
export function replicasOf(
  service: Service,
  { settings }: Pick<StackContext, 'settings'>,
): { min: number; max: number } {
  const { replicas, services } = settings
  const { min, max } = {
    min: Math.min(service.scale.min, replicas.min),
    max: Math.min(service.scale.max, replicas.max),
    ...services[service.name],
  }
  return { min: Math.min(min, max), max }
}

/** True where a scaler owns `replicas`, which then stands nowhere else. */
export const isScaled = (service: Service, context: Pick<StackContext, 'settings'>): boolean => {
  const { min, max } = replicasOf(service, context)
  return max > min
}

/** The scaler of a service: CPU by the Kubernetes autoscaler, consumer lag by KEDA; none where the number is fixed. */
export function scalingObjects(
  service: Service,
  context: StackContext,
): readonly KubernetesObject[] {
  if (!isScaled(service, context)) return []
  return service.scale.on === 'cpu'
    ? [cpuScaler(service, context)]
    : lagScaler(service, service.scale.on, context)
}

function cpuScaler(service: Service, context: StackContext): KubernetesObject {
  const { min, max } = replicasOf(service, context)
  return owned(service, context, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: service.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: 'Resource',
          resource: {
            name: 'cpu',
            target: { type: 'Utilization', averageUtilization: targetCpuPercent },
          },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: calmSeconds } },
    },
  })
}

type Lag = Exclude<Service['scale']['on'], 'cpu'>

function lagScaler(service: Service, { lagOf, perReplica }: Lag, context: StackContext) {
  const { min, max } = replicasOf(service, context)
  const { kafka } = endpointsOf(context.settings.stack)
  const group = service.consumes.find(({ topic }) => topic === lagOf)?.group
  return [
    owned(service, context, {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'TriggerAuthentication',
      spec: {
        // The user's name from the container itself, its password from the Secret that Strimzi makes.
        env: [{ parameter: 'username', name: 'KAFKA_USER', containerName: service.name }],
        secretTargetRef: [{ parameter: 'password', name: service.name, key: 'password' }],
      },
    }),
    owned(service, context, {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      spec: {
        scaleTargetRef: { name: service.name },
        pollingInterval: pollingSeconds,
        cooldownPeriod: calmSeconds,
        minReplicaCount: min,
        // More members than partitions would idle.
        maxReplicaCount: Math.min(max, lagOf.partitions),
        triggers: [
          {
            type: 'kafka',
            authenticationRef: { name: service.name },
            metadata: {
              bootstrapServers: `${kafka.host}.${namespaceOf(context)}:${kafka.port}`,
              consumerGroup: group,
              topic: lagOf.name,
              lagThreshold: String(perReplica),
              // A record that nobody can read must not add replicas.
              excludePersistentLag: 'true',
              sasl: 'scram_sha512',
              tls: 'disable',
            },
          },
        ],
      },
    }),
  ]
}

const namespaceOf = ({ settings: { stack } }: StackContext): string => `maru-${stack}`
