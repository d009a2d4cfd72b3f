import { join } from 'node:path'
import { ask, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { howToInstall, obtainPackaged } from './packaged.ts'
import { writeFor } from './site-folder.ts'

/** Settings: `address` (host:port of Postgres), `user`, `password`, `database` (default postgres). */
export const postgresExporter: Engine = {
  name: 'postgres-exporter',
  summary: 'Metrics of Postgres',
  vital: false,
  ports: { main: 9187 },
  account: 'prometheus',
  after: ['postgres'],
  stopSignal: 'SIGTERM',
  stopWithinMs: 5_000,
  readyWithinMs: 20_000,
  missing: howToInstall('postgres-exporter'),
  obtain: (workshop) => obtainPackaged('postgres-exporter', workshop),
  async prepare(site) {
    await writeFor(site, 'password', site.settings.password ?? '')
  },
  command: (site) => ({
    program: site.supply.program ?? '',
    args: [`--web.listen-address=127.0.0.1:${portOf(site)}`],
    env: source(site),
  }),
  async probe(site) {
    if (!/^pg_up 1$/m.test(await ask(site, '/metrics'))) throw new Error('it cannot reach Postgres')
  },
}

function source(site: Site): Record<string, string> {
  const { address = '', user = '', database = 'postgres' } = site.settings
  return {
    DATA_SOURCE_URI: `${address}/${database}?sslmode=disable`,
    DATA_SOURCE_USER: user,
    DATA_SOURCE_PASS_FILE: join(site.dir, 'password'),
  }
}
