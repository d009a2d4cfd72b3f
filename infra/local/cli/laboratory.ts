import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lab } from '../../../bench/lab.ts'
import { installPackages } from '../engines/apt.ts'
import { exclusively } from '../engines/lock.ts'
import { inFolders, onPath } from '../engines/search-path.ts'
import { addressOf, ownServer } from '../engines/testing.ts'
import { freePorts } from '../ports.ts'
import type { Places } from '../paths.ts'
import { EnvironmentError } from './command.ts'

const installWithinMs = 300_000

/** What this machine has for benchmarks. `close` ends all that was started, the latest first. */
export async function laboratory(
  { cache }: Places,
  wishes: Pick<Lab, 'rounds' | 'seconds' | 'say'>,
): Promise<Lab & { close(): Promise<void> }> {
  if (!existsSync('/proc/self/stat'))
    throw new EnvironmentError('Benchmarks read the CPU of processes from /proc: they need Linux.')
  const folder = await mkdtemp(join(tmpdir(), 'maru-bench-'))
  const workshop = { cache, env: process.env, say: wishes.say, install: true }
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  return {
    ...wishes,
    folder,
    ports: freePorts,
    atEnd: (stop) => void stops.push(stop),
    server: async (name) => {
      const server = await ownServer(name)
      stops.push(() => server.stop())
      const { version } = server.site.supply
      return { servers: addressOf(name, server), pid: server.pid, version }
    },
    program: async (name, debianPackage) => {
      const find = () => onPath(process.env, [name]) ?? inFolders(['/usr/sbin', '/usr/bin'], [name])
      const turn = {
        file: join(cache, 'apt.lock'),
        what: 'install Debian packages',
        deadlineMs: installWithinMs,
        say: wishes.say,
      }
      if (!find()) await exclusively(turn, () => installPackages([debianPackage], workshop))
      const found = find()
      if (found) return found
      throw new EnvironmentError(`${name} is not installed: sudo apt-get install ${debianPackage}.`)
    },

    close: async () => {
      for (const stop of stops.reverse()) await stop()
    },
  }
}
