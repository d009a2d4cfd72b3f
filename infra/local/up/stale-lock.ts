import { readFile, readlink, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Site } from '../engines/engine.ts'
import { startTimeOf } from '../supervisor/process-table.ts'

/**
 * Postgres refuses to start while the pid in its lock file belongs to any process, also to one that only waits
 * to be reaped or that got the number later. When no Postgres has it, the lock is a dead one's.
 */
export async function removeStaleLock(site: Site): Promise<void> {
  if (site.name !== 'postgres') return
  const file = join(site.dir, 'data', 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const pid = Number(text.split('\n')[0])
  if (startTimeOf(pid) !== undefined && (await isPostgres(pid))) return
  await rm(file, { force: true })
}

const isPostgres = async (pid: number): Promise<boolean> => {
  const program = await readlink(`/proc/${pid}/exe`).catch(() => 'postgres')
  return basename(program) === 'postgres'
}
