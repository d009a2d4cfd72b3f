import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { definitions } from '../definitions/definitions.ts'
import { kinds } from '../definitions/kinds.ts'
import { api, type Api } from '../kubernetes/api.ts'
import { addressIn } from '../kubernetes/kubeconfig.ts'
import { poll } from '../local/poll.ts'
import { clusterTools, obtainBinaries } from '../go/binaries.ts'
import { actingCommands, apiCommands, type ClusterCommand } from './commands.ts'
import { makeCredentials } from './credentials.ts'
import { settle } from './inhabitants.ts'
import { filesOf, type ClusterSite } from './layout.ts'
import { stagesYaml } from './stages.ts'

/** Whoever runs a cluster's processes: the checkout's supervisor, or a test. */
export interface Runner {
  /** Starts a process unless it runs. */
  start(command: ClusterCommand): Promise<void>
  /** Why a process that should run does not, with its last lines; undefined while all is well. */
  trouble(): Promise<string | undefined>
}

interface Workshop {
  readonly cache: string
  say(line: string): void
}

const withinMs = 90_000

/**
 * Brings a cluster up, or what is missing of it: the API, then the definitions, then what acts on them.
 * @returns when a default service account is there, so that pods can be made
 * @throws Error with the last lines of what did not start
 */
export async function bringUp(
  site: ClusterSite,
  runner: Runner,
  workshop: Workshop,
): Promise<void> {
  const folders = await obtainBinaries(clusterTools, workshop)
  makeCredentials(site)
  writeFileSync(filesOf(site).stages, stagesYaml())
  for (const command of apiCommands(site, folders)) await runner.start(command)
  await until('the API server to answer', () => apiAnswers(site), runner)
  const cluster = apiOf(site)
  try {
    await define(cluster, runner)
    await settle(cluster, site)
    for (const command of actingCommands(site, folders)) await runner.start(command)
    await until('nodes, metrics and service accounts', () => inhabited(cluster), runner)
  } finally {
    await cluster.close()
  }
}

/** The API of a cluster whose server has started. @param account in whose name */
export const apiOf = (site: ClusterSite): Api =>
  api(addressIn(readFileSync(filesOf(site).kubeconfig('admin'), 'utf8')))

async function until(what: string, ask: () => Promise<boolean>, runner: Runner): Promise<void> {
  const trouble: { text?: string } = {}
  const done = await poll(
    async () => {
      if (await ask()) return true
      const text = await runner.trouble()
      if (text !== undefined) trouble.text = text
      return text === undefined ? undefined : false
    },
    { withinMs, everyMs: 100 },
  )
  if (done === true) return
  throw new Error(
    trouble.text ??
      `The cluster waited ${withinMs / 1000} s for ${what}: ./maru cluster down, then up again.`,
  )
}

async function apiAnswers(site: ClusterSite): Promise<boolean> {
  // The server writes its certificate first.
  if (!existsSync(filesOf(site).authority)) return false
  const cluster = apiOf(site)
  try {
    return (await cluster.call('GET', '/readyz')).status === 200
  } catch {
    return false
  } finally {
    await cluster.close()
  }
}

/** Definitions are served before anybody looks for their objects: kwok does not look again. */
async function define(cluster: Api, runner: Runner): Promise<void> {
  await Promise.all(definitions().map((one) => cluster.apply(one, 'customresourcedefinitions')))
  await until('the definitions to be served', () => served(cluster), runner)
}

async function served(cluster: Api): Promise<boolean> {
  const groups = new Set(kinds.map(({ group, version }) => `${group}/${version}`))
  const lists = await Promise.all(
    [...groups].map(async (group) => {
      const { body } = await cluster.call('GET', `/apis/${group}`)
      const { resources = [] } = body as { resources?: readonly { name: string }[] }
      return resources.map(({ name }) => `${group} ${name}`)
    }),
  )
  const there = new Set(lists.flat())
  return kinds.every(({ group, version, plural }) => there.has(`${group}/${version} ${plural}`))
}

async function inhabited(cluster: Api): Promise<boolean> {
  const answers = await Promise.all(
    [
      '/api/v1/namespaces/default/serviceaccounts/default',
      '/apis/metrics.k8s.io/v1beta1/nodes',
      '/api/v1/nodes',
    ].map((path) => cluster.call('GET', path)),
  )
  if (answers.some(({ status }) => status !== 200)) return false
  const { items } = answers[2]?.body as { items: readonly Node[] }
  return items.every(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  )
}

interface Node {
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] }
}
