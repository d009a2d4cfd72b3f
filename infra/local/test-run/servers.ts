import { readFileSync } from 'node:fs'
import type { Servers } from '../../../services/kit/testing.ts'
import { addressOf, obtained, ownServer, type OwnServer } from '../engines/testing.ts'

/** Servers that the test files of one run share; each file has its own databases, topics and indexes on them. */
const shared = ['kafka', 'postgres', 'opensearch'] as const
/** The same, started only for a run with a file that asks for it. */
const onDemand = ['mariadb'] as const

export interface SharedServers {
  readonly addresses: Servers
  stop(): Promise<void>
}

/**
 * Starts the shared servers on free ports with data of their own.
 * @param files test files of the run, as absolute paths
 * @throws after stopping those that started
 */
export async function sharedServers(files: readonly string[]): Promise<SharedServers> {
  // Its promtool checks the rules.
  await obtained('prometheus')
  const started: { name: string; server: OwnServer }[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(({ server }) => server.stop()))
  }
  const starting = [...shared, ...askedFor(files)].map(async (name) => {
    started.push({ name, server: await ownServer(name) })
  })
  const failed = (await Promise.allSettled(starting)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') {
    await stop()
    throw failed.reason
  }
  const addresses = started.map(({ name, server }) => addressOf(name, server))
  return { addresses: Object.assign({}, ...addresses) as Servers, stop }
}

/** The servers on demand that some file asks `testServers` for, by their names as literals. */
export const askedFor = (files: readonly string[]): readonly string[] => {
  const texts = files.map((file) => readFileSync(file, 'utf8'))
  return onDemand.filter((name) => texts.some((text) => text.includes(`'${name}'`)))
}
