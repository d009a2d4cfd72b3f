import { readFileSync } from 'node:fs'
import { execa } from 'execa'
import { clusterTools, isBuilt, tools, type ToolName } from '../go/binaries.ts'
import { kinds } from '../definitions/kinds.ts'
import { groupsOf } from '../foundation/operator-table.ts'
import { addressIn } from '../kubernetes/kubeconfig.ts'
import { assertReachable } from '../kubernetes/reachable.ts'
import { readStack } from '../stacks.ts'
import type { Finding } from './doctor.ts'
import type { Places } from './paths.ts'

/** What is looked at for a stack. */
export interface StackQuestion {
  readonly where: Pick<Places, 'root' | 'cache'>
  readonly stack: string
  /** The cluster that is meant; none is asked when it is absent. */
  readonly cluster?: { readonly kubeconfig: string; readonly throwAway: boolean }
}

/** The least that docs/kubernetes.md names. */
const oldest = { node: [24, 0], pulumi: [3, 255], go: [1, 26] } as const
const freeMemoryGiB = 2

type Version = readonly [number, number]

/** What running in Kubernetes needs of this machine, and of a cluster. Changes and installs nothing. */
export async function examineStack(question: StackQuestion): Promise<readonly Finding[]> {
  const { where, cluster } = question
  return [
    settings(question),
    atLeast('node', process.version, oldest.node, 'install Node 24 or newer'),
    await pulumi(where.cache),
    throwAwayCluster(where.cache),
    await go(where.cache),
    memory(),
    await optional('kubectl', ['version', '--client'], './maru open needs it'),
    await optional('docker', ['--version'], './maru images and kind or k3d need it'),
    ...(cluster ? [await reachable(question, cluster)] : []),
  ]
}

/** Whether the programs of the throw-away cluster are there; Pulumi’s are counted apart. */
export function throwAwayCluster(cache: string): Finding {
  const subject = 'throw-away cluster'
  const missing = unbuilt(clusterTools, cache)
  if (missing.length === 0) return { subject, state: 'ok', text: 'built: ./maru cluster up' }
  const minutes = `about ${minutesOf(missing)} min; ./maru cluster up builds it`
  const some = missing.length < clusterTools.length ? ` (${missing.join(', ')})` : ''
  return { subject, state: 'optional', text: `not built yet${some} (${minutes})` }
}

const unbuilt = (names: readonly ToolName[], cache: string): readonly ToolName[] =>
  names.filter((name) => !isBuilt(name, cache))

/** The machine of docs/performance.md has two cores. */
const minutesOf = (names: readonly ToolName[]): number =>
  Math.ceil(names.reduce((sum, name) => sum + tools[name].cpuSeconds, 0) / 120)

function settings({ where, stack }: StackQuestion): Finding {
  const subject = `stack ${stack}`
  try {
    const { delivery, operators } = readStack(where.root, stack)
    const text = `Pulumi.${stack}.yaml is right: delivery ${delivery}, operators ${operators}`
    return { subject, state: 'ok', text }
  } catch (error) {
    return { subject, state: 'missing', text: (error as Error).message }
  }
}

/** Compares a version with the oldest that will do. @param way what to do when it will not */
export function atLeast(subject: string, said: string, least: Version, way: string): Finding {
  const [, major, minor] = (/(\d+)\.(\d+)/.exec(said) ?? []).map(Number)
  if (major === undefined || minor === undefined)
    return { subject, state: 'missing', text: `"${said.trim()}" is no version: ${way}` }
  const enough = major > least[0] || (major === least[0] && minor >= least[1])
  const text = enough ? said.trim() : `${said.trim()} is older than ${least.join('.')}: ${way}`
  return { subject, state: enough ? 'ok' : 'missing', text }
}

/** One's own, or the one that `./maru pulumi` builds. */
async function pulumi(cache: string): Promise<Finding> {
  const ours: readonly ToolName[] = ['pulumi', 'pulumi-kubernetes']
  const missing = unbuilt(ours, cache)
  const built =
    missing.length === 0
      ? `./maru pulumi has ${tools.pulumi.version} built`
      : `./maru pulumi builds ${tools.pulumi.version} (about ${minutesOf(missing)} min)`
  const said = await saidBy('pulumi', ['version'])
  if (said === undefined)
    return {
      subject: 'pulumi',
      state: missing.length === 0 ? 'ok' : 'optional',
      text: `none on PATH; ${built}`,
    }
  const found = atLeast('pulumi', said, oldest.pulumi, 'install a newer one')
  return {
    ...found,
    state: found.state === 'ok' ? 'ok' : 'optional',
    text: `${found.text}; ${built}`,
  }
}

/** Go builds the programs once; who has them built needs it no more. */
async function go(cache: string): Promise<Finding> {
  const way = 'install Go 1.26 or newer (https://go.dev/dl)'
  const said = await saidBy('go', ['env', 'GOVERSION'])
  const found: Finding =
    said === undefined
      ? { subject: 'go', state: 'missing', text: `none: ${way}` }
      : atLeast('go', said, oldest.go, way)
  const all = Object.keys(tools) as ToolName[]
  if (found.state === 'ok' || unbuilt(all, cache).length > 0) return found
  return { ...found, state: 'optional', text: `${found.text} (all programs are built)` }
}

function memory(): Finding {
  const free = process.availableMemory() / 2 ** 30
  const text = `${free.toFixed(1)} GiB free; the throw-away cluster wants ${freeMemoryGiB}`
  return { subject: 'memory', state: free >= freeMemoryGiB ? 'ok' : 'missing', text }
}

async function optional(program: string, words: readonly string[], use: string): Promise<Finding> {
  const said = await saidBy(program, words)
  const [line] = (said ?? `none: ${use}`).split('\n')
  return { subject: program, state: said === undefined ? 'optional' : 'ok', text: line ?? '' }
}

async function saidBy(program: string, words: readonly string[]): Promise<string | undefined> {
  const env = { GOTOOLCHAIN: 'local' }
  const done = await execa(program, words, { env, reject: false, stdin: 'ignore', timeout: 10_000 })
  return done.failed ? undefined : done.stdout
}

/** By the question that every run of the program begins with. */
async function reachable(
  { where, stack }: StackQuestion,
  { kubeconfig, throwAway }: NonNullable<StackQuestion['cluster']>,
): Promise<Finding> {
  const subject = 'cluster'
  try {
    const text = readFileSync(kubeconfig, 'utf8')
    const { context, ...rest } = readStack(where.root, stack)
    const operators = throwAway ? 'present' : rest.operators
    const written = new Set(kinds.map(({ group }) => group))
    const all = groupsOf({ ...rest, context, operators }).filter((group) => written.has(group))
    const groups = operators === 'present' ? all : []
    const address = addressIn(text, throwAway ? '' : context)
    if (address.login === 'program') {
      const why = 'its kubeconfig runs a program to log in, so that it was not asked'
      return { subject, state: 'optional', text: `${address.server}: ${why}` }
    }
    await assertReachable(text, throwAway ? '' : context, groups)
    const served = groups.length > 0 ? `, and serves all ${groups.length} groups of operators` : ''
    return { subject, state: 'ok', text: `${address.server} answers, is new enough${served}` }
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    const unread = `${kubeconfig} does not exist: name a kubeconfig file`
    const sentence = code === 'ENOENT' ? unread : message.replace(' Nothing was planned.', '')
    return { subject, state: 'missing', text: sentence }
  }
}
