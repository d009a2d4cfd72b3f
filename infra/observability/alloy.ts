import { endpointsOf, namespacesOf } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { rightsIn, watchPods } from './api-access.ts'
import { images } from './images.ts'
import { configFolder, serverObjects } from './server.ts'

const file = 'config.alloy'
const data = '/var/lib/alloy'
const port = 12_345

/** Namespaces whose logs are kept: those of the stack. */
const followed = (stack: string): readonly string[] => {
  const { platform, observability } = namespacesOf(stack)
  return [platform, observability]
}

/**
 * Alloy, which follows the logs of the stack's pods by the Kubernetes API: no folder of a node is mounted, and one
 * replica sees them all. After a restart it reads anew what the nodes still have; Loki drops lines that it knows.
 */
export const alloyObjects = (settings: Settings): readonly KubernetesObject[] => [
  ...rightsIn(
    followed(settings.stack),
    'alloy',
    [watchPods, { apiGroups: [''], resources: ['pods/log'], verbs: ['get', 'list', 'watch'] }],
    settings,
  ),
  ...serverObjects(
    {
      name: 'alloy',
      image: images.alloy,
      args: [
        'run',
        `${configFolder}/${file}`,
        `--storage.path=${data}`,
        `--server.http.listen-addr=0.0.0.0:${port}`,
        '--disable-reporting',
      ],
      ports: { http: port },
      metrics: 'http',
      ready: { path: '/-/ready', port: 'http' },
      config: { file, text: alloyConfig(settings.stack) },
      cpu: '50m',
      memory: '256Mi',
      data: { path: data },
      asksApi: true,
    },
    settings,
  ),
]

/** Labels of a log stream, few and of few values each, from what Kubernetes says about its pod. */
const labels: Readonly<Record<string, string>> = {
  service: '__meta_kubernetes_pod_label_app_kubernetes_io_name',
  namespace: '__meta_kubernetes_namespace',
  pod: '__meta_kubernetes_pod_name',
  container: '__meta_kubernetes_pod_container_name',
}

/** Alloy's own language. The level becomes a label, the trace id metadata of its line: it has too many values. */
export const alloyConfig = (stack: string): string => `logging {
  level  = "warn"
  format = "json"
}

discovery.kubernetes "pods" {
  role = "pod"

  namespaces {
    names = ${JSON.stringify(followed(stack))}
  }
}

discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets
${Object.entries(labels).map(relabel).join('')}}

loki.source.kubernetes "pods" {
  targets    = discovery.relabel.pods.output
  forward_to = [loki.process.pods.receiver]
}

loki.process "pods" {
  forward_to = [loki.write.loki.receiver]

  stage.json {
    expressions = { level = "level", trace_id = "trace_id" }
  }

  stage.labels {
    values = { level = "level" }
  }

  stage.structured_metadata {
    values = { trace_id = "trace_id" }
  }
}

loki.write "loki" {
  endpoint {
    url = "${lokiUrl(stack)}/loki/api/v1/push"
  }
}
`

const relabel = ([label, source]: readonly [string, string]): string => `
  rule {
    source_labels = ["${source}"]
    target_label  = "${label}"
  }
`

/** Base URL of Loki. */
export const lokiUrl = (stack: string): string => {
  const { host, port } = endpointsOf(stack).loki
  return `http://${host}:${port}`
}
