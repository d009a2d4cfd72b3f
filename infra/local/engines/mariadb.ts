import { realpathSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { createConnection } from 'mariadb'
import { endpoint, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { run } from './launch.ts'
import { howToInstall, obtainPackaged } from './packaged.ts'
import { inFolders } from './search-path.ts'
import { exists, folder, freshScratch, scratchOf, writeFor } from './site-folder.ts'

const administrator = 'maru'
const initialiseWithinMs = 120_000

/** MariaDB on TCP and a socket in its data folder; administrator `maru`, root by the socket and its account only. */
export const mariadb: Engine = {
  name: 'mariadb',
  summary: 'MariaDB',
  vital: true,
  ports: { main: 3306 },
  account: 'mysql',
  secret: true,
  stopSignal: 'SIGTERM',
  stopWithinMs: 20_000,
  readyWithinMs: 60_000,
  missing: howToInstall('mariadb'),
  obtain: (workshop) => obtainPackaged('mariadb', workshop),
  prepare,
  command: (site) => ({
    program: site.supply.program ?? '',
    args: [
      '--no-defaults',
      privateScratch(site),
      ...settings(site).map((setting) => `--${setting}`),
    ],
  }),
  probe,
}

// The installation is not atomic: it works in a folder beside, which then becomes the data folder.
async function prepare(site: Site): Promise<void> {
  await freshScratch(site)
  const data = join(site.dir, 'data')
  if (await exists(join(data, 'mysql'))) return
  const draft = join(await folder(site), 'data.new')
  await rm(draft, { recursive: true, force: true })
  const first = await writeFor(site, 'first.sql', administration(site.password))
  const account = site.owner?.name ?? userInfo().username
  try {
    await run(
      {
        program: installer(site),
        args: [
          '--no-defaults',
          `--datadir=${draft}`,
          privateScratch(site),
          '--auth-root-authentication-method=socket',
          `--auth-root-socket-user=${account}`,
          `--extra-file=${first}`,
          '--skip-test-db',
          '--skip-name-resolve',
        ],
      },
      site,
      initialiseWithinMs,
    )
  } finally {
    await rm(first)
  }
  await rename(draft, data)
}

/** Debian keeps it in another folder than the server. */
function installer({ supply }: Site): string {
  const beside = dirname(realpathSync(supply.program ?? ''))
  const found = inFolders([beside, join(beside, '../bin')], ['mariadb-install-db'])
  if (found !== undefined) return found
  throw new Error(`mariadb-install-db is not beside ${supply.program}: install all of MariaDB.`)
}

/** Grants are off until they are read. The password is base64url: nothing in it needs to be escaped. */
const administration = (password: string): string =>
  `flush privileges;\ngrant all privileges on *.* to '${administrator}'@'%' identified by '${password}' with grant option;\n`

/** A MariaDB that starts deletes all temporary tables in its folder for them, those of its neighbours too. */
const privateScratch = (site: Site) => `--tmpdir=${scratchOf(site)}`

/** Each commit is on the disk before it is acknowledged, also in the binary log; texts compare byte by byte. */
const settings = (site: Site) => [
  `datadir=${join(site.dir, 'data')}`,
  'bind-address=127.0.0.1',
  `port=${portOf(site)}`,
  // Relative to the data folder: an absolute path could be longer than a socket's may be.
  'socket=server.sock',
  'pid-file=server.pid',
  'skip-name-resolve',
  'local-infile=OFF',
  'default-time-zone=+00:00',
  'character-set-server=utf8mb4',
  'collation-server=utf8mb4_nopad_bin',
  'sql-mode=TRADITIONAL',
  'innodb-snapshot-isolation=ON',
  'innodb-buffer-pool-size=128M',
  'innodb-flush-log-at-trx-commit=1',
  'log-bin=binlog',
  'binlog-format=ROW',
  'sync-binlog=1',
  'binlog-expire-logs-seconds=86400',
  'server-id=1',
  'max-connections=200',
  'performance-schema=OFF',
]

async function probe(site: Site): Promise<void> {
  const { host, port, user = administrator, password = site.password } = endpoint(site)
  const limits = { connectTimeout: 2_000, queryTimeout: 2_000 }
  const connection = await createConnection({ host, port, user, password, ...limits })
  // A server that goes away between two awaits would otherwise end this process.
  connection.on('error', () => undefined)
  try {
    await connection.query('select 1')
  } finally {
    connection.destroy()
  }
}
