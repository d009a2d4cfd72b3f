import { createHash } from 'node:crypto'

/** One numbered SQL file. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly text: string
  readonly checksum: string
}

/** A row of the table of applied migrations. */
export interface Applied {
  readonly version: number
  readonly name: string
  readonly checksum: string
  /** Statements that were done before it was cut; absent when it is whole. */
  readonly cutAfter?: number
}

/** Files and database disagree; nothing was changed. */
export class MigrationError extends Error {
  readonly code = 'MIGRATION_REFUSED'
  constructor(message: string) {
    super(message)
    this.name = 'MigrationError'
  }
}

/**
 * Reads a folder's files as migrations.
 * @param files file name → text
 * @throws MigrationError for a wrong name, a number used twice, a gap, or a file with its own transaction
 */
export function migrationsFrom(namespace: string, files: ReadonlyMap<string, string>): Migration[] {
  const found = [...files].map(([file, text]) => migrationFrom(namespace, file, text))
  found.sort((one, other) => one.version - other.version)
  found.forEach((migration, index) => {
    if (migration.version === index + 1) return
    const twice = found.filter((other) => other.version === migration.version).length > 1
    const problem = twice
      ? `number ${numbered(migration.version)} is used twice`
      : `number ${numbered(index + 1)} is missing`
    throw new MigrationError(`In the migrations of ${namespace}, ${problem}.`)
  })
  return found
}

/**
 * What is still to be applied, oldest first. A database that is ahead of the files is fine: the release before
 * must keep running while the next one rolls out.
 * @throws MigrationError when an applied file was edited or removed, or a new one is numbered before an applied one
 */
export function pendingOf(
  namespace: string,
  migrations: readonly Migration[],
  applied: readonly Applied[],
): readonly Migration[] {
  const last = Math.max(0, ...applied.map((row) => row.version))
  for (const row of applied) refuseChanged(namespace, migrations, row)
  const whole = applied.filter(({ cutAfter }) => cutAfter === undefined)
  const pending = migrations.filter(({ version }) => !whole.some((row) => row.version === version))
  const late = pending.find(({ version }) => version < last && !isCut(applied, version))
  if (late)
    throw new MigrationError(
      `Migration ${fileOf(late)} of ${namespace} comes after ${numbered(last)} was applied; give it the next free number.`,
    )
  return pending
}

/** Whether it was begun and is not whole. */
export const isCut = (applied: readonly Applied[], version: number): boolean =>
  applied.some((row) => row.version === version && row.cutAfter !== undefined)

/** File name of a migration, e.g. `0002_audit.sql`. */
export const fileOf = ({ version, name }: Pick<Migration, 'version' | 'name'>): string =>
  `${numbered(version)}_${name}.sql`

function migrationFrom(namespace: string, file: string, text: string): Migration {
  const [, number, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? []
  if (number === undefined || name === undefined)
    throw new MigrationError(
      `${file} in the migrations of ${namespace} is not named like 0001_what_it_does.sql.`,
    )
  if (/^\s*(begin|commit|rollback)\s*;/im.test(text))
    throw new MigrationError(
      `${file} of ${namespace} opens or ends a transaction; each file already runs in one of its own.`,
    )
  return { version: Number(number), name, text, checksum: checksumOf(text) }
}

function refuseChanged(namespace: string, migrations: readonly Migration[], row: Applied): void {
  const file = migrations.find(({ version }) => version === row.version)
  if (file?.checksum === row.checksum) return
  // What a cut one had done is compared when it is resumed.
  if (file && row.cutAfter !== undefined) return
  if (file)
    throw new MigrationError(
      `Migration ${fileOf(row)} of ${namespace} was edited after it was applied; restore it and write a new one.`,
    )
  const newest = migrations.at(-1)?.version ?? 0
  if (row.version < newest)
    throw new MigrationError(
      `Migration ${fileOf(row)} of ${namespace} was applied but its file is missing; restore it.`,
    )
}

/** Line ends do not count, so that a checkout on Windows agrees. */
export const checksumOf = (text: string): string =>
  createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')

const numbered = (version: number): string => String(version).padStart(4, '0')
