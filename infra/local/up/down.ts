import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Places } from '../paths.ts'
import { findSupervisor, healAfterKill } from '../supervisor/client.ts'
import { alone, type Show } from './up.ts'

/**
 * Stops what `up` started: services first, then engines. Data stays.
 * @returns the names of what was stopped
 */
export async function down(where: Places, show: Pick<Show, 'say'>): Promise<readonly string[]> {
  return alone(where, show, async () => {
    const supervisor = findSupervisor(where.state)
    if (!supervisor) return healAfterKill(where.state, show.say)
    const names = (await supervisor.processes()).map(({ name }) => name)
    await supervisor.leave()
    return names
  })
}

/** What `wipe` would delete: absolute paths. */
export async function wipeable(where: Places): Promise<readonly string[]> {
  const names = await readdir(where.state).catch(() => [])
  return names.map((name) => join(where.state, name))
}

/** Deletes data, logs, secrets and decisions of this checkout. Downloads stay: other checkouts use them. */
export async function wipe(where: Places): Promise<void> {
  for (const path of await wipeable(where)) await rm(path, { recursive: true, force: true })
  if (where.link !== undefined) await rm(where.link, { force: true })
  await rm(where.state, { recursive: true, force: true })
}
