import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { metadataOf } from '../workloads/stack-context.ts'

const interval = '15s'

/**
 * Scrapes a server's pods; `job` and `instance` are named as in the local run, so that queries mean the same.
 * @param port name of the container's port
 */
export const podMonitor = (
  name: string,
  { matchLabels, port }: { readonly matchLabels: Readonly<Record<string, string>>; port: string },
  settings: Settings,
): KubernetesObject => ({
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  metadata: metadataOf(name, 'monitor', { settings }),
  spec: {
    selector: { matchLabels },
    podMetricsEndpoints: [
      {
        port,
        interval,
        relabelings: [
          { targetLabel: 'job', replacement: name },
          { sourceLabels: ['__meta_kubernetes_pod_name'], targetLabel: 'instance' },
        ],
      },
    ],
  },
})
