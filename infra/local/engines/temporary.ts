import { chmod, mkdtemp } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../ports.ts'
import { ownerOf } from './accounts.ts'
import type { Engine, Site, Supply } from './engine.ts'

/**
 * A site of its own in the system's temporary folder, on free ports, with a random password: for tests and
 * try-outs, many of which may run side by side. The caller deletes `dir`.
 */
export async function temporarySite(
  engine: Engine,
  supply: Supply,
  settings: Site['settings'] = {},
): Promise<Site> {
  const above = await mkdtemp(join(tmpdir(), `maru-${engine.name}-`))
  await chmod(above, 0o711)
  const names = Object.keys(engine.ports)
  const free = await freePorts(names.length)
  return {
    name: engine.name,
    supply,
    dir: above,
    ports: Object.fromEntries(names.map((name, at) => [name, free[at] ?? 0])),
    password: engine.secret === true ? randomBytes(18).toString('base64url') : '',
    owner: await ownerOf(engine.account),
    settings,
  }
}
