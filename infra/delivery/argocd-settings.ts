import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { grafanaUrl } from '../observability/grafana.ts'
import type { Settings } from '../settings.ts'

/** Kinds whose health Argo CD 3.2.11 does not know, and the Lua that judges it. */
const judged: Readonly<Record<string, string>> = {
  'kafka.strimzi.io_KafkaNodePool': 'kafka.strimzi.io_KafkaNodePool',
  'opensearch.org_OpenSearchCluster': 'opensearch.org_OpenSearchCluster',
  'opensearch.org_OpensearchUser': 'opensearch.org_state',
  'opensearch.org_OpensearchRole': 'opensearch.org_state',
  'opensearch.org_OpensearchUserRoleBinding': 'opensearch.org_state',
  'postgresql.cnpg.io_Database': 'postgresql.cnpg.io_applied',
  'postgresql.cnpg.io_DatabaseRole': 'postgresql.cnpg.io_applied',
  'postgresql.cnpg.io_Pooler': 'postgresql.cnpg.io_Pooler',
}

/** What `argocd-cm` holds: health of unknown kinds, and ways from an application to its evidence. */
export const argocdSettings = (settings: Settings): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    Object.entries(judged).map(([kind, file]) => [
      `resource.customizations.health.${kind}`,
      readFileSync(join(import.meta.dirname, 'health', `${file}.lua`), 'utf8'),
    ]),
  ),
  'application.resourceTrackingMethod': 'annotation',
  'timeout.reconciliation': '60s',
  'application.links': links(settings, 'app'),
  'resource.links': links(settings, 'resource'),
})

const nameLabel = '"app.kubernetes.io/name"'

/** Traces of a service in Grafana's Explore. */
const traces = JSON.stringify({
  queries: [
    {
      refId: 'A',
      datasource: 'tempo',
      queryType: 'traceql',
      query: '{ resource.service.name = "SERVICE" }',
    },
  ],
})

/**
 * From an application or an object to its service's board and traces: the URL is a Go template, the condition an
 * expression (https://argo-cd.readthedocs.io/en/stable/operator-manual/deep_links/).
 */
function links(settings: Settings, subject: 'app' | 'resource'): string {
  const grafana = grafanaUrl(settings)
  const service = `{{index .${subject}.metadata.labels ${nameLabel}}}`
  const named = `${subject}.metadata.labels[${nameLabel}] != nil`
  const explore = encodeURIComponent(traces).replace('SERVICE', service)
  return JSON.stringify([
    { title: 'Board', url: `${grafana}/d/maru-${service}`, if: named },
    { title: 'Traces', url: `${grafana}/explore?left=${explore}`, if: named },
  ])
}

/** What `argocd-notifications-cm` holds: a line on every board at each release, and a word when one is ill. */
export const notificationSettings = (settings: Settings): Readonly<Record<string, string>> => ({
  'service.grafana': `apiUrl: ${grafanaUrl(settings)}/api\napiKey: $grafana-token\n`,
  'service.webhook.alerts': 'url: $alerts-webhook\n',
  'template.released':
    'message: "{{.app.metadata.name}} runs {{.app.status.sync.revision}}"\ngrafana: {dashboardTags: maru|{{.app.metadata.name}}}\n',
  'template.ill':
    'webhook: {alerts: {method: POST, body: "{\\"text\\": \\"{{.app.metadata.name}} is {{.app.status.health.status}} at {{.app.status.sync.revision}}\\"}"}}\n',
  'trigger.on-released':
    '- when: app.status.operationState.phase in ["Succeeded"] and app.status.health.status == "Healthy"\n  oncePer: app.status.sync.revision\n  send: [released]\n',
  'trigger.on-ill': '- when: app.status.health.status == "Degraded"\n  send: [ill]\n',
})

/** Annotations by which an application takes part. */
export const subscriptions = {
  'notifications.argoproj.io/subscribe.on-released.grafana': '',
  'notifications.argoproj.io/subscribe.on-ill.alerts': '',
} as const
