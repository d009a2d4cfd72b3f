import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { installPackages } from './apt.ts'
import { addressed } from './endpoint.ts'
import type { Supply, Workshop } from './engine.ts'
import { exclusively } from './lock.ts'
import { inFolders, onPath } from './search-path.ts'

interface Packaged {
  /** Debian's package. */
  readonly package: string
  /** Names of the program: Debian's first, then upstream's (Homebrew). */
  readonly programs: readonly string[]
  /** Folders of the package that are not on PATH. */
  readonly folders?: string
  /** Variable with the address of the user's own server. */
  readonly address: string
}

const packaged = {
  redis: {
    package: 'redis-server',
    programs: ['redis-server'],
    address: 'MARU_REDIS_ADDRESS',
  },
  postgres: {
    package: 'postgresql',
    programs: ['postgres'],
    folders: '/usr/lib/postgresql/*/bin',
    address: 'MARU_POSTGRES_ADDRESS',
  },
  mariadb: {
    package: 'mariadb-server',
    programs: ['mariadbd'],
    folders: '/usr/sbin',
    address: 'MARU_MARIADB_ADDRESS',
  },
  prometheus: {
    package: 'prometheus',
    programs: ['prometheus'],
    address: 'MARU_PROMETHEUS_ADDRESS',
  },
  alertmanager: {
    package: 'prometheus-alertmanager',
    programs: ['prometheus-alertmanager', 'alertmanager'],
    address: 'MARU_ALERTMANAGER_ADDRESS',
  },
  'postgres-exporter': {
    package: 'prometheus-postgres-exporter',
    programs: ['prometheus-postgres-exporter', 'postgres_exporter'],
    address: 'MARU_POSTGRES_EXPORTER_ADDRESS',
  },
  'mariadb-exporter': {
    package: 'prometheus-mysqld-exporter',
    programs: ['prometheus-mysqld-exporter', 'mysqld_exporter'],
    address: 'MARU_MARIADB_EXPORTER_ADDRESS',
  },
  'redis-exporter': {
    package: 'prometheus-redis-exporter',
    programs: ['prometheus-redis-exporter', 'redis_exporter'],
    address: 'MARU_REDIS_EXPORTER_ADDRESS',
  },
} as const satisfies Record<string, Packaged>

export type PackagedName = keyof typeof packaged

const installWithinMs = 300_000

/**
 * Finds the server, or installs it. What is missing of *all* packaged engines is installed in one call of
 * apt, by whichever engine asks first; the others wait for it and find theirs.
 */
export async function obtainPackaged(name: PackagedName, workshop: Workshop) {
  const own = addressed(workshop, packaged[name].address)
  if (own !== undefined) return own
  if (find(packaged[name], workshop) === undefined && workshop.install)
    await installMissing(workshop)
  return supply(packaged[name], workshop)
}

/** The sentence for a machine where it could not be installed. */
export const howToInstall = (name: PackagedName) =>
  `${name} is not installed: run sudo apt-get install ${packaged[name].package}, put ` +
  `${packaged[name].programs.join(' or ')} on PATH, or set ${packaged[name].address} to a running one.`

function find(row: Packaged, workshop: Workshop): string | undefined {
  return onPath(workshop.env, row.programs) ?? inFolders(foldersOf(row), row.programs)
}

const foldersOf = (row: Packaged) => [
  ...globSync(row.folders ?? [])
    .sort()
    .reverse(),
  '/usr/bin',
]

async function installMissing(workshop: Workshop): Promise<void> {
  const turn = {
    file: join(workshop.cache, 'apt.lock'),
    what: 'install Debian packages',
    deadlineMs: installWithinMs,
    say: workshop.say,
  }
  await exclusively(turn, async () => {
    const missing = Object.values(packaged).filter(
      (row) => workshop.env[row.address] === undefined && find(row, workshop) === undefined,
    )
    if (missing.length > 0)
      await installPackages(
        missing.map((row) => row.package),
        workshop,
      )
  })
}

async function supply(row: Packaged, workshop: Workshop): Promise<Supply | undefined> {
  const program = find(row, workshop)
  if (program === undefined) return undefined
  const from = foldersOf(row).includes(dirname(program)) ? 'system' : 'path'
  const version = await versionOf(program)
  return {
    from,
    reason: `${row.programs[0]} ${version} from ${dirname(program)}`,
    version,
    program,
  }
}

async function versionOf(program: string): Promise<string> {
  const said = await execa(program, ['--version'], { all: true, reject: false, timeout: 10_000 })
  return /(?:v=|ver(?:sion)? |\) )v?(\d+[\d.]*)/i.exec(said.all)?.[1] ?? 'of unknown version'
}
