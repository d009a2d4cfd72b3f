import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { alertmanagerConfig } from '../../alerts/alertmanager.ts'
import { observedObjects } from './alerts-and-boards.ts'
import { dataSources } from './data-sources.ts'
import { grafanaObjects, grafanaUrl } from './grafana.ts'
import { prometheusValues } from './prometheus-values.ts'
import { renderedAlertmanager } from './rendered-alertmanager.ts'
import { settingsOf, variants } from './testing.ts'

const root = join(import.meta.dirname, '../..')

/** Every value under `key`, at any depth. */
const valuesAt = (key: string, within: unknown): readonly unknown[] =>
  typeof within !== 'object' || within === null
    ? []
    : Object.entries(within).flatMap(([name, value]) => [
        ...(name === key ? [value] : []),
        ...valuesAt(key, value),
      ])

const inCluster = (settings: ReturnType<typeof settingsOf>) => {
  const found = grafanaObjects({ settings }).find(({ kind }) => kind === 'ConfigMap')
  const file = (found?.['data'] as Record<string, string>)['maru.yaml'] ?? ''
  return { labels: found?.metadata.labels, sources: parse(file) as ReturnType<typeof dataSources> }
}

test('data sources have fixed uids, and every link between them leads to one that is there', (t) => {
  const { sources } = inCluster(settingsOf('dev'))
  const uids = sources.datasources.map(({ uid }) => uid)
  t.deepEqual([...uids].sort(), ['alertmanager', 'loki', 'prometheus', 'tempo'])
  const linked = new Set(valuesAt('datasourceUid', sources))
  t.deepEqual([...linked].sort(), ['loki', 'prometheus', 'tempo'])
  t.is(sources.datasources.filter(({ isDefault }) => isDefault).length, 1)
})

test('a link to what is not there is not made', (t) => {
  const alone = dataSources({ tempo: 'http://127.0.0.1:3200', prometheus: undefined })
  t.deepEqual(valuesAt('datasourceUid', alone), [])
  const zipkin = dataSources({ prometheus: 'http://a', zipkin: 'http://b' })
  t.deepEqual([...new Set(valuesAt('datasourceUid', zipkin))], ['zipkin'])
})

test('every board asks a data source that is provisioned', (t) => {
  const { sources } = inCluster(settingsOf('dev'))
  const uids = sources.datasources.map(({ uid }) => uid as string)
  const folder = join(root, 'dashboards/rendered')
  for (const file of readdirSync(folder)) {
    const board = JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown
    for (const { uid } of valuesAt('datasource', board) as { uid: string }[])
      t.true(uids.includes(uid), `${file} ${uid}`)
  }
})

test('the chart’s Grafana finds our boards, their folders, our data sources and its administrator', (t) => {
  const settings = settingsOf('dev', { operators: 'install' })
  const { sidecar, admin } = prometheusValues(settings, { receivers: [] }).grafana
  const board = { uid: 'maru-a', folder: 'webtoon', json: '{}' }
  const [shown] = observedObjects({ boards: [board], rules: [] }, 'dev')
  const { dashboards, datasources } = sidecar
  t.is(shown?.metadata.labels?.[dashboards.label ?? ''], dashboards.labelValue)
  t.is(shown?.metadata.annotations?.[dashboards.folderAnnotation], 'webtoon')
  t.is(inCluster(settings).labels?.[datasources.label ?? ''], datasources.labelValue)
  t.false(datasources.defaultDatasourceEnabled)
  const objects = grafanaObjects({ settings })
  t.true(objects.some(({ metadata }) => metadata.name === admin.existingSecret))
})

test('Prometheus sees every monitor and rule, and keeps what fits on its volume', (t) => {
  for (const settings of variants) {
    const { prometheusSpec } = prometheusValues(settings, { receivers: [] }).prometheus
    for (const kind of ['serviceMonitor', 'podMonitor', 'rule', 'probe', 'scrapeConfig'])
      t.is((prometheusSpec as Record<string, unknown>)[`${kind}SelectorNilUsesHelmValues`], false)
    t.true(prometheusSpec.enableRemoteWriteReceiver)
    t.true(prometheusSpec.enableFeatures.includes('exemplar-storage'))
    const blocks = Number.parseInt(prometheusSpec.retentionSize, 10)
    t.true(blocks < Number.parseInt(settings.metrics.storage, 10) * 1024)
    t.is(prometheusSpec.retention, settings.metrics.retention)
  }
})

test('Alertmanager routes as it does locally', (t) => {
  t.deepEqual(renderedAlertmanager(root), alertmanagerConfig())
  const { config } = prometheusValues(settingsOf('dev'), renderedAlertmanager(root)).alertmanager
  t.deepEqual(config, alertmanagerConfig())
})

test('with a Secret every receiver sends to the address that it holds', (t) => {
  const settings = { ...settingsOf('dev'), alerts: { webhook: 'pager' } }
  const { alertmanager } = prometheusValues(settings, renderedAlertmanager(root))
  t.like(alertmanager.alertmanagerSpec, { secrets: ['pager'] })
  const { receivers } = alertmanager.config as { receivers: { webhook_configs: object[] }[] }
  t.is(receivers.length, 3)
  for (const { webhook_configs: sent } of receivers)
    t.deepEqual(sent, [{ url_file: '/etc/alertmanager/secrets/pager/url', send_resolved: true }])
})

test('Grafana’s name follows from the stack’s host', (t) => {
  t.is(grafanaUrl(settingsOf('prod')), 'https://grafana.maru.example.com')
  t.is(grafanaUrl(settingsOf('dev')), 'http://grafana.maru.localhost')
})
