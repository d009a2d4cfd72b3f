import { namespacesOf } from '../endpoints.ts'
import { labelsOf, type KubernetesObject } from '../kubernetes/object.ts'

/** Label by which Grafana's sidecar finds boards. */
export const boardLabel = { grafana_dashboard: '1' } as const
/** Annotation that names the folder in which a board appears. */
export const boardFolder = 'grafana_folder'

/**
 * A service's alert rules for the Prometheus operator: the same groups as in the local rule file.
 * @param rules `{ groups: [{ name, rules }] }`
 */
export const prometheusRule = (
  service: string,
  rules: { readonly groups: readonly unknown[] },
  stack: string,
): KubernetesObject => ({
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: {
    name: service,
    namespace: namespacesOf(stack).platform,
    labels: labelsOf(service, 'alerts', stack),
  },
  spec: { groups: rules.groups },
})

/**
 * A board for Grafana's sidecar, which loads every ConfigMap with its label.
 * @param folder Grafana folder in which it appears
 */
export const dashboardConfigMap = (
  board: { readonly uid: string; readonly json: string },
  folder: string,
  stack: string,
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `board-${board.uid}`,
    namespace: namespacesOf(stack).platform,
    labels: { ...labelsOf(board.uid, 'board', stack), ...boardLabel },
    annotations: { [boardFolder]: folder },
  },
  data: { [`${board.uid}.json`]: board.json },
})
