import { resourcesOf } from '../foundation/server-pods.ts'
import { namespacesOf } from '../endpoints.ts'
import type { Settings } from '../settings.ts'
import { mebibytes } from '../workloads/pod.ts'
import { boardFolder, boardLabel } from './alerts-and-boards.ts'
import { grafanaAdmin, grafanaService, grafanaUrl, sourceLabel } from './grafana.ts'
import { claimSpec } from './server.ts'

/** Row of the operators' table; also the release's name, which its pods carry as `instance`. */
export const metricsChart = 'kube-prometheus-stack'

/** Share of the volume that blocks may fill: the log of the newest hours and a compaction need the rest. */
const blockShare = 0.85

/** Alertmanager's silences and what it has told. */
const alertmanagerStorage = '1Gi'

/**
 * Values of kube-prometheus-stack.
 * @param alertmanager routes and receivers, as rendered for the local run
 */
export const prometheusValues = (settings: Settings, alertmanager: Telling) => ({
  // Roles of the whole cluster begin with it.
  fullnameOverride: `maru-${settings.stack}`,
  prometheus: { prometheusSpec: prometheusSpec(settings) },
  alertmanager: {
    config: toldTo(settings.alerts.webhook, alertmanager),
    alertmanagerSpec: {
      ...(settings.alerts.webhook !== '' && { secrets: [settings.alerts.webhook] }),
      resources: resourcesOf('20m', '128Mi'),
      storage: { volumeClaimTemplate: { spec: claimSpec(alertmanagerStorage, settings) } },
    },
  },
  prometheusOperator: { resources: resourcesOf('50m', '256Mi') },
  'kube-state-metrics': { resources: resourcesOf('20m', '128Mi') },
  // It needs the host: the one part that a restricted namespace does not take.
  'prometheus-node-exporter': {
    namespaceOverride: namespacesOf(settings.stack).nodes,
    resources: resourcesOf('20m', '64Mi'),
  },
  grafana: grafana(settings),
  ...hidden,
})

/** Alertmanager's configuration, as far as a stack adds to it. */
export interface Telling {
  readonly receivers: readonly { readonly name: string }[]
}

/** Every receiver sends to the address in a Secret, which the operator mounts. */
const toldTo = (secret: string, telling: Telling): object =>
  secret === ''
    ? telling
    : {
        ...telling,
        receivers: telling.receivers.map((receiver) => ({
          ...receiver,
          webhook_configs: [
            { url_file: `/etc/alertmanager/secrets/${secret}/url`, send_resolved: true },
          ],
        })),
      }

/** Parts of the control plane that managed clusters and kind do not let anybody scrape: their alerts would never rest. */
const hidden = {
  kubeControllerManager: { enabled: false },
  kubeScheduler: { enabled: false },
  kubeEtcd: { enabled: false },
  kubeProxy: { enabled: false },
}

/** Kinds of objects that say what is scraped and alerted on. */
const selected = ['serviceMonitor', 'podMonitor', 'probe', 'rule', 'scrapeConfig'] as const

const prometheusSpec = (settings: Settings) => ({
  // By default only objects with the release's own label are seen, and all others silently not.
  ...Object.fromEntries(selected.map((kind) => [`${kind}SelectorNilUsesHelmValues`, false])),
  enableFeatures: ['exemplar-storage', 'native-histograms'],
  // For Tempo's span metrics.
  enableRemoteWriteReceiver: true,
  scrapeInterval: '15s',
  evaluationInterval: '15s',
  retention: settings.metrics.retention,
  retentionSize: `${Math.floor(mebibytes(settings.metrics.storage) * blockShare)}MiB`,
  resources: resourcesOf('200m', '2Gi'),
  storageSpec: { volumeClaimTemplate: { spec: claimSpec(settings.metrics.storage, settings) } },
})

const grafana = (settings: Settings) => ({
  fullnameOverride: grafanaService(settings).name,
  admin: { existingSecret: grafanaAdmin, userKey: 'username', passwordKey: 'password' },
  resources: resourcesOf('50m', '512Mi'),
  testFramework: { enabled: false },
  'grafana.ini': {
    server: { root_url: grafanaUrl(settings) },
    analytics: { reporting_enabled: false, check_for_updates: false },
  },
  sidecar: {
    resources: resourcesOf('10m', '128Mi'),
    dashboards: {
      ...labelled(boardLabel),
      searchNamespace: 'ALL',
      folderAnnotation: boardFolder,
      provider: { foldersFromFilesStructure: true, allowUiUpdates: false },
    },
    // The chart's own would have the same uids and none of the links.
    datasources: {
      ...labelled(sourceLabel),
      defaultDatasourceEnabled: false,
      alertmanager: { enabled: false },
    },
  },
})

const labelled = (label: Readonly<Record<string, string>>) =>
  Object.entries(label).map(([name, labelValue]) => ({ label: name, labelValue }))[0]
