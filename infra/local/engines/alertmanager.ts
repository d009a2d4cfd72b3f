import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { ask, portOf, reload } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { howToInstall, obtainPackaged } from './packaged.ts'
import { folder, writeFor } from './site-folder.ts'

const quiet = { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] }

/** Alertmanager without a cluster. Setting: `config` (absolute path; without it alerts are shown, not sent). */
export const alertmanager: Engine = {
  name: 'alertmanager',
  summary: 'Alertmanager',
  vital: false,
  ports: { main: 9093 },
  account: 'prometheus',
  stopSignal: 'SIGTERM',
  stopWithinMs: 10_000,
  readyWithinMs: 30_000,
  missing: howToInstall('alertmanager'),
  obtain: (workshop) => obtainPackaged('alertmanager', workshop),
  prepare,
  command: (site) => ({
    program: site.supply.program ?? '',
    args: [
      `--config.file=${join(site.dir, 'alertmanager.yaml')}`,
      `--storage.path=${join(site.dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${portOf(site)}`,
      '--cluster.listen-address=',
    ],
  }),
  async probe(site) {
    await ask(site, '/-/ready')
  },
  reload,
}

async function prepare(site: Site): Promise<void> {
  await folder(site, 'data')
  const { config } = site.settings
  const text = config === undefined ? stringify(quiet) : await readFile(config, 'utf8')
  await writeFor(site, 'alertmanager.yaml', text)
}
