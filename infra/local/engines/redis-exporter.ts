import { join } from 'node:path'
import { ask, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { howToInstall, obtainPackaged } from './packaged.ts'
import { writeFor } from './site-folder.ts'

/** Settings: `address` (host:port of Redis), `password` and, unless it is the default user, `user`. */
export const redisExporter: Engine = {
  name: 'redis-exporter',
  summary: 'Metrics of Redis',
  vital: false,
  ports: { main: 9121 },
  account: 'prometheus',
  after: ['redis'],
  stopSignal: 'SIGTERM',
  stopWithinMs: 5_000,
  readyWithinMs: 20_000,
  missing: howToInstall('redis-exporter'),
  obtain: (workshop) => obtainPackaged('redis-exporter', workshop),
  async prepare(site) {
    const passwords = { [url(site)]: site.settings.password ?? '' }
    await writeFor(site, 'passwords.json', JSON.stringify(passwords))
  },
  command: (site) => ({
    program: site.supply.program ?? '',
    args: [`--web.listen-address=127.0.0.1:${portOf(site)}`],
    env: {
      REDIS_ADDR: url(site),
      REDIS_PASSWORD_FILE: join(site.dir, 'passwords.json'),
      ...(site.settings.user !== undefined && { REDIS_USER: site.settings.user }),
    },
  }),
  async probe(site) {
    if (!/^redis_up 1$/m.test(await ask(site, '/metrics'))) throw new Error('it cannot reach Redis')
  },
}

const url = (site: Site) => `redis://${site.settings.address ?? ''}`
