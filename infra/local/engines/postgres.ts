import { realpathSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { endpoint, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { run } from './launch.ts'
import { howToInstall, obtainPackaged } from './packaged.ts'
import { exists, folder, writeFor } from './site-folder.ts'

const superuser = 'maru'
const initialiseWithinMs = 120_000

/** Postgres on TCP only; superuser `maru`, scram passwords, data checksums. */
export const postgres: Engine = {
  name: 'postgres',
  summary: 'Postgres',
  vital: true,
  ports: { main: 5432 },
  account: 'postgres',
  secret: true,
  // The fast stop: SIGTERM would wait for every client to leave.
  stopSignal: 'SIGINT',
  stopWithinMs: 20_000,
  readyWithinMs: 60_000,
  missing: howToInstall('postgres'),
  obtain: (workshop) => obtainPackaged('postgres', workshop),
  prepare,
  command: (site) => ({
    program: site.supply.program ?? '',
    args: ['-D', join(site.dir, 'data'), ...settings(site).flatMap((setting) => ['-c', setting])],
  }),
  probe,
}

// initdb is not atomic: it works in a folder beside, which then becomes the data folder.
async function prepare(site: Site): Promise<void> {
  const data = join(site.dir, 'data')
  if (await exists(join(data, 'PG_VERSION'))) return
  const draft = join(await folder(site), 'data.new')
  await rm(draft, { recursive: true, force: true })
  const password = await writeFor(site, 'password', `${site.password}\n`)
  const users = ['-U', superuser, '-A', 'scram-sha-256', `--pwfile=${password}`]
  const storage = ['-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--data-checksums']
  // The program may be a link out of the folder with its companions.
  const program = join(dirname(realpathSync(site.supply.program ?? '')), 'initdb')
  try {
    await run({ program, args: ['-D', draft, ...users, ...storage] }, site, initialiseWithinMs)
  } finally {
    await rm(password)
  }
  await rename(draft, data)
}

const settings = (site: Site) => [
  'listen_addresses=127.0.0.1',
  `port=${portOf(site)}`,
  'unix_socket_directories=',
  'wal_level=logical',
  'max_connections=200',
  'shared_buffers=128MB',
  'shared_preload_libraries=pg_stat_statements',
]

async function probe(site: Site): Promise<void> {
  const { host, port, user = superuser, password = site.password } = endpoint(site)
  const limits = { connectionTimeoutMillis: 2_000, query_timeout: 2_000 }
  const client = new pg.Client({ host, port, user, password, database: 'postgres', ...limits })
  // A server that goes away between two awaits would otherwise end this process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
  } finally {
    await client.end()
  }
}
