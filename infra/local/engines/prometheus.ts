import { join } from 'node:path'
import { stringify } from 'yaml'
import { ask, portOf, reload } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { howToInstall, obtainPackaged } from './packaged.ts'
import { copyFor, folder, writeFor } from './site-folder.ts'

/**
 * Prometheus with exemplars and the remote-write receiver. It scrapes what the files `<dir>/targets/*.json` say
 * (file_sd: a list of { targets, labels }, with the label `job`), which may be rewritten while it runs; every
 * file must be readable for its account. Settings: `rules` (absolute glob of rule files), `alertmanager` (host:port).
 */
export const prometheus: Engine = {
  name: 'prometheus',
  summary: 'Prometheus',
  vital: false,
  ports: { main: 9090 },
  account: 'prometheus',
  stopSignal: 'SIGTERM',
  stopWithinMs: 15_000,
  readyWithinMs: 60_000,
  missing: howToInstall('prometheus'),
  obtain: (workshop) => obtainPackaged('prometheus', workshop),
  prepare,
  command: (site) => ({ program: site.supply.program ?? '', args: flags(site) }),
  async probe(site) {
    await ask(site, '/-/ready')
  },
  reload,
}

/** To be called again, with `reload` after it, when the rule files changed. */
async function prepare(site: Site): Promise<void> {
  await folder(site, 'data')
  const { rules, alertmanager } = site.settings
  const copies = await copyFor(site, 'rules', rules)
  const targets = await folder(site, 'targets')
  const config = {
    global: { scrape_interval: '5s', scrape_timeout: '4s', evaluation_interval: '5s' },
    rule_files: [join(copies, '*')],
    scrape_configs: [
      {
        job_name: 'maru',
        file_sd_configs: [{ files: [join(targets, '*.json')], refresh_interval: '5s' }],
      },
    ],
    ...(alertmanager && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    }),
  }
  await writeFor(site, 'prometheus.yaml', stringify(config))
}

const flags = (site: Site) => [
  `--config.file=${join(site.dir, 'prometheus.yaml')}`,
  `--storage.tsdb.path=${join(site.dir, 'data')}`,
  `--web.listen-address=127.0.0.1:${portOf(site)}`,
  '--web.enable-remote-write-receiver',
  '--web.enable-lifecycle',
  '--enable-feature=exemplar-storage,native-histograms',
  // The SLO rules look back 28 days.
  '--storage.tsdb.retention.time=35d',
  '--storage.tsdb.retention.size=2GB',
  // An alert that fires before Alertmanager is discovered would be dropped until the next minute.
  '--rules.alert.resend-delay=1s',
]
