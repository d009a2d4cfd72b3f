import { realpathSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { asPostgresAdmin, type SqlAdmin } from '../../../services/kit/provision.ts'
import type { Here } from '../addresses.ts'
import { administratorOf, siteOf } from '../sites.ts'
import type { Keeper } from './keeper.ts'

const file = 'database.dump'
const withinMs = 600_000

/** A database as `pg_dump` sees it at one moment; it comes back beside the old one and takes its name in one transaction. */
export const postgresKeeper: Keeper = {
  async save({ name }, here, folder) {
    const words = [
      '--format=custom',
      '--no-owner',
      '--no-privileges',
      `--file=${join(folder, file)}`,
    ]
    await tool('pg_dump', [...words, name], here)
  },
  async bring({ name }, here, folder) {
    const server = await administratorOf('postgres', here)
    const arrived = `${name}_restored`
    const drop = () => inPostgres(server, [['drop database if exists % with (force)', [arrived]]])
    await drop()
    await inPostgres(server, [['create database % owner %', [arrived, name]]])
    try {
      const words = ['--exit-on-error', '--no-owner', `--role=${name}`, `--dbname=${arrived}`]
      await tool('pg_restore', [...words, join(folder, file)], here)
    } catch (error) {
      await drop()
      throw error
    }
    return { take: () => swap(server, name, arrived), drop }
  },
}

async function swap(server: SqlAdmin, name: string, arrived: string): Promise<void> {
  const before = `${name}_before`
  await inPostgres(server, [['drop database if exists % with (force)', [before]]])
  await asPostgresAdmin(server, async (admin) => {
    // Exporters are sent away: a database in which somebody is has its name for good.
    await admin.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = any($1)',
      [[name, arrived]],
    )
    await admin.query('begin')
    for (const [from, to] of [
      [name, before],
      [arrived, name],
    ] as const)
      await admin.query(
        `alter database ${admin.escapeIdentifier(from)} rename to ${admin.escapeIdentifier(to)}`,
      )
    await admin.query('commit')
  })
  await inPostgres(server, [['drop database if exists % with (force)', [before]]])
}

/** Statements one by one; each `%` is a name. */
const inPostgres = (
  server: SqlAdmin,
  statements: readonly (readonly [string, readonly string[]])[],
): Promise<void> =>
  asPostgresAdmin(server, async (admin) => {
    for (const [text, names] of statements) {
      const rest = [...names]
      await admin.query(text.replace(/%/g, () => admin.escapeIdentifier(rest.shift() ?? '')))
    }
  })

/** Runs one of the server's own tools as its administrator; the password travels by file. */
async function tool(program: string, words: readonly string[], here: Here): Promise<void> {
  const server = await administratorOf('postgres', here)
  const { supply } = await siteOf('postgres', here.where, here.installation)
  // The program may be a link out of the folder with its companions; a server elsewhere has none here.
  const beside = supply.program === undefined ? '' : dirname(realpathSync(supply.program))
  const folder = await mkdtemp(join(tmpdir(), 'maru-pg-'))
  const pass = join(folder, 'pass')
  try {
    await writeFile(pass, `*:*:*:*:${server.password.replace(/[\\:]/g, '\\$&')}\n`, { mode: 0o600 })
    const at = ['-h', server.host, '-p', String(server.port), '-U', server.user]
    await execa(join(beside, program), [...at, ...words], {
      env: { PGPASSFILE: pass },
      timeout: withinMs,
      stdin: 'ignore',
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
