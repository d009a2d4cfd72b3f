import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { dataSources } from '../../observability/data-sources.ts'
import { ask, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { obtainNamed } from './named-program.ts'
import { copyFor, folder, writeFor } from './site-folder.ts'

/**
 * Grafana, provisioned. Settings: `dashboards` (absolute glob of JSON files) and the URLs `prometheus`,
 * `tempo`, `zipkin`. Administrator `admin` with the generated password; everybody may look.
 */
export const grafana: Engine = {
  name: 'grafana',
  summary: 'Grafana',
  vital: false,
  ports: { main: 3000 },
  account: 'maru-grafana',
  after: ['prometheus'],
  secret: true,
  stopSignal: 'SIGTERM',
  stopWithinMs: 10_000,
  readyWithinMs: 60_000,
  missing:
    'Grafana is in no package registry: put grafana on PATH or name the binary in MARU_GRAFANA_BIN.',
  obtain: (workshop) => obtainNamed('grafana', workshop),
  prepare,
  command: (site) => ({
    program: site.supply.program ?? '',
    args: ['server', `--homepath=${shareOf(site)}`, `--config=${join(site.dir, 'grafana.ini')}`],
  }),
  async probe(site) {
    await ask(site, '/api/health')
  },
}

async function prepare(site: Site): Promise<void> {
  await folder(site, 'data')
  const boards = await copyFor(site, 'dashboards', site.settings.dashboards)
  await folder(site, 'provisioning', 'datasources')
  await folder(site, 'provisioning', 'dashboards')
  await writeFor(site, 'provisioning/datasources/maru.yaml', stringify(sources(site)))
  await writeFor(site, 'provisioning/dashboards/maru.yaml', stringify(provider(boards)))
  const password = await writeFor(site, 'password', site.password)
  await writeFor(site, 'grafana.ini', ini(site, password))
}

// The tarball has conf/ above bin/; the distributions keep it in /usr/share.
function shareOf(site: Site): string {
  const own = dirname(dirname(realpathSync(site.supply.program ?? '')))
  const places = [own, join(own, 'share/grafana'), '/usr/share/grafana']
  return places.find((place) => existsSync(join(place, 'conf/defaults.ini'))) ?? own
}

/** By kind, each linked with the others. */
const sources = ({ settings: { prometheus, tempo, zipkin } }: Site) =>
  dataSources({ prometheus, tempo, zipkin })

const provider = (path: string) => ({
  apiVersion: 1,
  providers: [{ name: 'maru', type: 'file', allowUiUpdates: false, options: { path } }],
})

const ini = (site: Site, password: string) => `[paths]
data = ${join(site.dir, 'data')}
logs = ${join(site.dir, 'data/log')}
plugins = ${join(site.dir, 'data/plugins')}
provisioning = ${join(site.dir, 'provisioning')}
[server]
http_addr = 127.0.0.1
http_port = ${portOf(site)}
[security]
admin_password = $__file{${password}}
[auth.anonymous]
enabled = true
org_role = Viewer
[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false
[log]
mode = console
level = warn
`
