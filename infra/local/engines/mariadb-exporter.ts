import { join } from 'node:path'
import { ask, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { howToInstall, obtainPackaged } from './packaged.ts'
import { writeFor } from './site-folder.ts'

/** Settings: `address` (host:port of MariaDB), `user`, `password`. */
export const mariadbExporter: Engine = {
  name: 'mariadb-exporter',
  summary: 'Metrics of MariaDB',
  vital: false,
  ports: { main: 9104 },
  account: 'prometheus',
  after: ['mariadb'],
  stopSignal: 'SIGTERM',
  stopWithinMs: 5_000,
  readyWithinMs: 20_000,
  missing: howToInstall('mariadb-exporter'),
  obtain: (workshop) => obtainPackaged('mariadb-exporter', workshop),
  async prepare(site) {
    await writeFor(site, login, clientFile(site))
  },
  command: (site) => ({
    program: site.supply.program ?? '',
    args: [
      `--web.listen-address=127.0.0.1:${portOf(site)}`,
      `--config.my-cnf=${join(site.dir, login)}`,
    ],
  }),
  async probe(site) {
    if (!/^mysql_up 1$/m.test(await ask(site, '/metrics')))
      throw new Error('it cannot reach MariaDB')
  },
}

const login = 'client.cnf'

function clientFile({ settings }: Site): string {
  const { address = '', user = '', password = '' } = settings
  const [host = '', port = ''] = address.split(':')
  return [
    '[client]',
    `host=${host}`,
    `port=${port}`,
    `user=${user}`,
    `password=${password}`,
    '',
  ].join('\n')
}
