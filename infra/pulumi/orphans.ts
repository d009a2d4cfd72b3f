import { join } from 'node:path'
import { execa } from 'execa'
import type { PulumiHome } from './home.ts'

/**
 * Plugins that outlived their run: Pulumi gives each a process group of its own, so that a kill of the run's group
 * leaves them, and nobody would ever end them.
 * @returns their process ids
 */
export async function orphanedPlugins({ home, program }: PulumiHome): Promise<readonly number[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid=,ppid=,args='])
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  const engines = new Set(rows.filter(([, , path]) => path === program).map(([pid]) => pid))
  return rows
    .filter(([, parent, path]) => path?.startsWith(join(home, 'plugins/')) && !engines.has(parent))
    .map(([pid]) => Number(pid))
}

/** Ends them. What is done with the cluster through them is looked at by the refresh that follows. */
export async function endOrphanedPlugins(home: PulumiHome): Promise<void> {
  for (const pid of await orphanedPlugins(home)) {
    try {
      process.kill(pid)
    } catch {
      // It ended by itself in between.
    }
  }
}
