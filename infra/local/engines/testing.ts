import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Servers } from '../../../services/kit/testing.ts'
import { makePlaces, places } from '../paths.ts'
import { engines } from './engines.ts'
import type { Engine, Site } from './engine.ts'
import { start, waitReady, type Running } from './launch.ts'
import { temporarySite } from './temporary.ts'

const checkout = new URL('../../..', import.meta.url).pathname

/** A server that one test file owns: it may be killed, paused and started again on the same data. */
export interface OwnServer {
  readonly site: Site
  readonly port: number
  readonly pid: number
  kill(signal: NodeJS.Signals): void
  /** Ends it like a crash and waits until the process is gone. */
  crash(): Promise<void>
  /** Starts it again on its data and port; resolves when it answers. */
  restart(): Promise<void>
  /** Clean stop; its data is deleted. */
  stop(): Promise<void>
}

/** Starts an engine of its own in a temporary folder on free ports. @param name as in `engines` */
export async function ownServer(name: string, settings: Site['settings'] = {}): Promise<OwnServer> {
  const engine = engineNamed(name)
  const site = await temporarySite(engine, await supplyOf(engine), settings)
  await engine.prepare(site)
  const log = join(site.dir, 'log')
  let running = launch(engine, site, log)
  const ready = (): Promise<void> =>
    waitReady(engine, site, { deadlineMs: engine.readyWithinMs, exited: running.exited, log })
  await ready()
  return {
    site,
    port: site.ports['main'] ?? 0,
    get pid() {
      return running.pid
    },
    kill: (signal) => running.kill(signal),
    crash: async () => {
      running.kill('SIGKILL')
      await running.exited
    },
    restart: async () => {
      running = launch(engine, site, log)
      await ready()
    },
    stop: async () => {
      await running.stop()
      await rm(site.dir, { recursive: true, force: true })
    },
  }
}

/** Has an engine's programs installed, for tests that run one of them. @param name as in `engines` */
export async function obtained(name: string): Promise<void> {
  await supplyOf(engineNamed(name))
}

type Wanted = 'kafka' | 'postgres' | 'mariadb' | 'opensearch' | 'redis'

/**
 * Servers for one test file. Redis is the file's own; the others are shared by the run when `./maru test`
 * started them (it says so in `MARU_TEST_SERVERS`), else they are the file's own as well.
 * @returns addresses for `bench`, the file's own servers by name, and what stops them
 */
export async function testServers(...wanted: readonly Wanted[]): Promise<{
  servers: Servers
  own: Readonly<Record<string, OwnServer>>
  stop(): Promise<void>
}> {
  const shared = sharedServers()
  const own: Record<string, OwnServer> = {}
  await Promise.all(
    wanted
      .filter((name) => name === 'redis' || shared[name] === undefined)
      .map(async (name) => {
        own[name] = await ownServer(name)
      }),
  )
  const servers = {
    ...shared,
    ...Object.assign({}, ...Object.entries(own).map(([name, server]) => addressOf(name, server))),
  }
  const stop = async (): Promise<void> => {
    await Promise.all(Object.values(own).map((server) => server.stop()))
  }
  return { servers, own, stop }
}

/** What `bench` needs to know of an own server. */
export function addressOf(name: string, server: Pick<OwnServer, 'port' | 'site'>): Servers {
  const at = { host: '127.0.0.1', port: server.port }
  const { password } = server.site
  if (name === 'kafka') return { kafka: `127.0.0.1:${server.port}` }
  if (name === 'postgres' || name === 'mariadb')
    return { [name]: { ...at, user: 'maru', password } }
  if (name === 'redis') return { redis: { ...at, password } }
  return { opensearch: at }
}

const sharedServers = (): Servers => JSON.parse(process.env['MARU_TEST_SERVERS'] ?? '{}') as Servers

function engineNamed(name: string): Engine {
  const engine = engines[name]
  if (!engine) throw new Error(`There is no engine "${name}": ${Object.keys(engines).join(', ')}.`)
  return engine
}

async function supplyOf(engine: Engine) {
  const where = places(checkout)
  await makePlaces(where)
  const supply = await engine.obtain({
    cache: where.cache,
    env: process.env,
    say: () => undefined,
    install: true,
  })
  if (!supply) throw new Error(engine.missing)
  return supply
}

function launch(engine: Engine, site: Site, log: string): Running {
  const stdout = openSync(log, 'a')
  try {
    return start(engine, site, { stdout })
  } finally {
    closeSync(stdout)
  }
}
