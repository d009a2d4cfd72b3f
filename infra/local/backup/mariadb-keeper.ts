import { realpathSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import type { Connection } from 'mariadb'
import { asMariadbAdmin } from '../../../services/kit/provision-mariadb.ts'
import type { Here } from '../addresses.ts'
import { inFolders } from '../engines/search-path.ts'
import { administratorOf, siteOf } from '../sites.ts'
import type { Keeper } from './keeper.ts'

const file = 'database.sql'
const withinMs = 600_000

/**
 * A database as one transaction sees it: writers go on, and nobody is locked out. It comes back beside the old one, and
 * its tables take the places of the old ones in one statement, since a database of MariaDB cannot be renamed.
 */
export const mariadbKeeper: Keeper = {
  async save({ name }, here, folder) {
    const words = [
      '--single-transaction',
      '--quick',
      '--skip-lock-tables',
      '--hex-blob',
      '--tz-utc',
      '--default-character-set=utf8mb4',
      `--result-file=${join(folder, file)}`,
    ]
    await tool('mariadb-dump', [...words, name], here)
  },
  async bring({ name }, here, folder) {
    await assertWhole(join(folder, file))
    const arrived = `${name}_restored`
    const drop = () => inMariadb(here, (admin) => dropDatabase(admin, arrived))
    await drop()
    await inMariadb(here, (admin) => makeDatabase(admin, arrived))
    try {
      await tool('mariadb', ['--default-character-set=utf8mb4', arrived], here, join(folder, file))
    } catch (error) {
      await drop()
      throw error
    }
    return { take: () => inMariadb(here, (admin) => swap(admin, name, arrived)), drop }
  },
}

const lastLine = /\n-- Dump completed on [^\n]*\n$/

/** A dump that was cut at the end of a statement would come in without an error. */
async function assertWhole(path: string): Promise<void> {
  const dump = await open(path)
  try {
    const { size } = await dump.stat()
    const tail = Math.min(size, 100)
    const { buffer } = await dump.read(Buffer.alloc(tail), 0, tail, size - tail)
    if (!lastLine.test(buffer.toString()))
      throw new Error(`${path} is cut short: its last line is missing. Nothing was restored.`)
  } finally {
    await dump.close()
  }
}

async function swap(admin: Connection, name: string, arrived: string): Promise<void> {
  const before = `${name}_before`
  await dropDatabase(admin, before)
  await makeDatabase(admin, before)
  const moves = [
    ...(await tablesOf(admin, name)).map((table) => move(admin, table, name, before)),
    ...(await tablesOf(admin, arrived)).map((table) => move(admin, table, arrived, name)),
  ]
  if (moves.length > 0) await admin.query(`rename table ${moves.join(', ')}`)
  await dropDatabase(admin, before)
  await dropDatabase(admin, arrived)
}

const move = (admin: Connection, table: string, from: string, to: string): string =>
  `${admin.escapeId(from)}.${admin.escapeId(table)} to ${admin.escapeId(to)}.${admin.escapeId(table)}`

async function tablesOf(admin: Connection, database: string): Promise<readonly string[]> {
  const text = 'select table_name as name from information_schema.tables where table_schema = ?'
  const rows = await admin.query<{ name: string }[]>(text, [database])
  return rows.map(({ name }) => name)
}

const makeDatabase = (admin: Connection, name: string): Promise<unknown> =>
  admin.query(
    `create database ${admin.escapeId(name)} character set utf8mb4 collate utf8mb4_nopad_bin`,
  )

const dropDatabase = (admin: Connection, name: string): Promise<unknown> =>
  admin.query(`drop database if exists ${admin.escapeId(name)}`)

async function inMariadb(here: Here, work: (admin: Connection) => Promise<unknown>): Promise<void> {
  await asMariadbAdmin(await administratorOf('mariadb', here), work)
}

/** Runs one of the server's own tools as its administrator; the password travels by file. */
async function tool(
  program: 'mariadb' | 'mariadb-dump',
  words: readonly string[],
  here: Here,
  input?: string,
): Promise<void> {
  const { host, port, user, password } = await administratorOf('mariadb', here)
  const folder = await mkdtemp(join(tmpdir(), 'maru-mariadb-'))
  const login = join(folder, 'login.cnf')
  const lines = ['[client]', `host=${host}`, `port=${port}`, `user=${user}`]
  try {
    const text = [...lines, `password="${password.replace(/[\\"]/g, '\\$&')}"`, ''].join('\n')
    await writeFile(login, text, { mode: 0o600 })
    await execa(await whereIs(program, here), [`--defaults-file=${login}`, ...words], {
      timeout: withinMs,
      ...(input === undefined ? { stdin: 'ignore' } : { inputFile: input }),
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Debian keeps the tools in another folder than the server; of a server elsewhere there are none but those on PATH. */
async function whereIs(program: string, { where, installation }: Here): Promise<string> {
  const { supply } = await siteOf('mariadb', where, installation)
  if (supply.program === undefined) return program
  const beside = dirname(realpathSync(supply.program))
  return inFolders([beside, join(beside, '../bin')], [program]) ?? program
}
