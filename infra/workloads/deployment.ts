import type { Service } from '../../services/model/service.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { podSpec } from './pod.ts'
import { isScaled, replicasOf } from './scaling.ts'
import { owned, serving, type StackContext } from './stack-context.ts'

/** Old ReplicaSets to roll back to. */
const revisions = 5

/** What serves: rolled without losing a replica, spread over nodes and zones. */
export function deployment(service: Service, context: StackContext): KubernetesObject {
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

const spread = (topologyKey: string, matchLabels: Readonly<Record<string, string>>) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels },
  matchLabelKeys: ['pod-template-hash'],
})

/** Drains take one replica at a time, and a replica that is not ready holds up nobody. */
export const disruptionBudget = (service: Service, context: StackContext): KubernetesObject =>
  owned(service, context, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: serving(service, context) },
    },
  })
