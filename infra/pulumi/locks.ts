import { globSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** What Pulumi notes of whoever works on a stack. */
interface Lock {
  readonly pid: number
  readonly hostname: string
}

/**
 * Clears the locks of a stack whose holders were killed. A lock of another machine, or of a process that lives, stays:
 * Pulumi says then who holds it.
 * @param backend folder of the file backend
 * @returns process ids of the dead holders
 */
export function clearDeadLocks(backend: string, project: string, stack: string): readonly number[] {
  const folder = join(backend, '.pulumi/locks/organization', project, stack)
  const dead: number[] = []
  for (const name of globSync('*.json', { cwd: folder })) {
    const lock = read(join(folder, name))
    if (lock === undefined || lock.hostname !== hostname() || isAlive(lock.pid)) continue
    rmSync(join(folder, name), { force: true })
    dead.push(lock.pid)
  }
  return dead
}

function read(file: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Lock
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
