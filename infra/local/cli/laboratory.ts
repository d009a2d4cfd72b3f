import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JavaPeer, Lab, LabPlatform } from '../../../bench/lab.ts'
import { installPackages } from '../engines/apt.ts'
import type { Workshop } from '../engines/engine.ts'
import { classPath, compile, jarFolder } from '../engines/jars.ts'
import { findJdk } from '../engines/jdk.ts'
import { exclusively } from '../engines/lock.ts'
import { inFolders, onPath } from '../engines/search-path.ts'
import { addressOf, ownServer } from '../engines/testing.ts'
import { freePorts } from '../ports.ts'
import type { Places } from '../paths.ts'
import { copyCheckout, type CheckoutCopy } from './checkout-copy.ts'
import { EnvironmentError, exitCodes } from './command.ts'
import { clientOf, instanceOf, type Environment } from './environment.ts'

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
    program: (name, debianPackage) => debianProgram(name, debianPackage, workshop),
    platform: async () => {
      const copy = copyCheckout()
      stops.push(() => copy.remove())
      return platformIn(copy)
    },
    java: (peer) => javaProgram(peer, workshop),
    close: async () => {
      for (const stop of stops.reverse()) await stop()
    },
  }
}

async function debianProgram(
  name: string,
  debianPackage: string,
  workshop: Workshop,
): Promise<string> {
  const find = () => onPath(process.env, [name]) ?? inFolders(['/usr/sbin', '/usr/bin'], [name])
  const turn = {
    file: join(workshop.cache, 'apt.lock'),
    what: 'install Debian packages',
    deadlineMs: installWithinMs,
    say: workshop.say,
  }
  if (!find()) await exclusively(turn, () => installPackages([debianPackage], workshop))
  const found = find()
  if (found) return found
  throw new EnvironmentError(`${name} is not installed: sudo apt-get install ${debianPackage}.`)
}

/** What the JVM sees of the machine: one core, and room for a service. */
const jvm = ['-XX:ActiveProcessorCount=1', '-Xms256m', '-Xmx512m']

async function javaProgram(
  { name, version, folder }: JavaPeer,
  workshop: Workshop,
): Promise<readonly string[]> {
  const jdk = findJdk(workshop, { atLeast: 17, compiler: true })
  const home =
    jdk &&
    (await jarFolder(
      {
        ...{ name, version, jdk, inputs: fileURLToPath(folder) },
        finish: (place) => compile(place, jdk, 'Peer.java', 'peer'),
      },
      workshop,
    ))
  if (home) return [jdk.java, ...jvm, '-cp', classPath(join(home, 'lib')), 'Peer']
  throw new EnvironmentError(
    `${name} needs a JDK 17 or newer and Maven: sudo apt-get install openjdk-17-jdk-headless maven.`,
  )
}

/** A platform has its titles, and answers searches for them, once the tour was through it. */
async function platformIn(copy: CheckoutCopy): Promise<LabPlatform> {
  const asked = async (word: string): Promise<string> => {
    const { code, out, progress } = await copy.maru(word, '--json')
    if (code !== exitCodes.ok) throw new Error(`./maru ${word} failed:\n${progress}`)
    return out
  }
  const env = JSON.parse(await asked('up')) as Environment
  await asked('tour')
  return {
    url: env.gateway,
    urlOf: (service) => instanceOf(env, service).url,
    clientNamed: (id) => clientOf(env, id),
  }
}
