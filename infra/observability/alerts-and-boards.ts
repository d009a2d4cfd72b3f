import { namespacesOf } from '../endpoints.ts'
import { labelsOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Observed, ObservedBoard, ObservedRules } from '../workloads/stack-context.ts'

/** Label by which Grafana's sidecar finds boards. */
export const boardLabel = { grafana_dashboard: '1' } as const
/** Annotation that names the folder in which a board appears. */
export const boardFolder = 'grafana_folder'

/** What shows and tells, for the operators of whoever observes. */
export const observedObjects = (
  { boards, rules }: Observed,
  stack: string,
): readonly KubernetesObject[] => [
  ...rules.map((one) => prometheusRule(one, stack)),
  ...boards.map((one) => dashboardConfigMap(one, stack)),
]

/** Alert rules for the Prometheus operator: the same groups as in the local rule file. */
const prometheusRule = ({ name, groups }: ObservedRules, stack: string): KubernetesObject => ({
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: {
    name,
    namespace: namespacesOf(stack).platform,
    labels: labelsOf(name, 'alerts', stack),
  },
  spec: { groups },
})

/** A board for Grafana's sidecar, which loads every ConfigMap with its label. */
const dashboardConfigMap = (
  { uid, folder, json }: ObservedBoard,
  stack: string,
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `board-${uid}`,
    namespace: namespacesOf(stack).platform,
    labels: { ...labelsOf(uid, 'board', stack), ...boardLabel },
    annotations: { [boardFolder]: folder },
  },
  data: { [`${uid}.json`]: json },
})
