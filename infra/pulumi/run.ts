import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { clusterOf, runningKubeconfig } from '../cluster/checkout-cluster.ts'
import { makePlaces, type Places } from '../local/paths.ts'
import { secret } from '../local/secrets.ts'
import { environmentOf, pulumiHome, type PulumiHome } from './home.ts'
import { clearDeadLocks } from './locks.ts'
import { copyProject, copyStack, stackValue } from './project.ts'

const project = 'maru'

/** Where one run of Pulumi finds everything. */
export interface Workplace {
  readonly home: PulumiHome
  /** The copy of the project. */
  readonly folder: string
  readonly backend: string
  readonly stack: string
  readonly env: Readonly<Record<string, string>>
}

/** What is laid over a stack's file for the throw-away cluster: nothing can be installed or built there. */
export const overlayFor = (kubeconfig: string): Readonly<Record<string, unknown>> => ({
  'maru:kubeconfig': kubeconfig,
  'maru:operators': 'present',
  'maru:images': { source: 'pinned' },
})

/** Words that work on a stack, and need one to be there. */
const onStack = [
  'up',
  'preview',
  'refresh',
  'destroy',
  'config',
  'cancel',
  'state',
  'import',
  'watch',
]

/** Words that speak to the cluster. */
const onCluster = ['up', 'preview', 'refresh', 'destroy']

/**
 * Runs the Pulumi CLI on this checkout: on its throw-away cluster while that runs, otherwise on the cluster that the
 * stack's kubeconfig names. No tracked file changes.
 * @param words as for `pulumi`; without `--stack` it is `dev`
 * @returns Pulumi's own exit code
 */
export async function runPulumi(
  where: Places,
  words: readonly string[],
  say: (line: string) => void,
): Promise<number> {
  const word = words.find((one) => !one.startsWith('-')) ?? ''
  const place = await workplace(where, stackIn(words), say)
  if (!onStack.includes(word)) return await cli(place, words)
  await prepare(where, place, say)
  if (onCluster.includes(word)) await recover(place, say)
  return cli(place, hasStack(words) ? words : [...words, '--stack', place.stack])
}

/** Files and environment of a run; the throw-away cluster's state is thrown away with it. */
export async function workplace(
  where: Places,
  stack: string,
  say: (line: string) => void,
): Promise<Workplace> {
  await makePlaces(where)
  const throwAway = (await runningKubeconfig(where)) === undefined ? undefined : clusterOf(where)
  const base = join(throwAway?.dir ?? where.state, 'pulumi')
  const backend = join(base, 'state')
  await mkdir(backend, { recursive: true, mode: 0o700 })
  await secret(where.secrets, passphraseName)
  const passphrase = join(where.secrets, passphraseName)
  const home = await pulumiHome({ cache: where.cache, say })
  const env = environmentOf(home, { backend, passphrase })
  return { home, folder: join(base, 'project'), backend, stack, env }
}

const passphraseName = 'pulumi-passphrase'

/** Copies the project, makes the stack if it is new, and lays the cluster's overlay over it. */
async function prepare(
  where: Places,
  place: Workplace,
  say: (line: string) => void,
): Promise<void> {
  const kubeconfig = await runningKubeconfig(where)
  const overlay = kubeconfig === undefined ? {} : overlayFor(kubeconfig)
  copyProject(where.root, place.folder)
  copyStack(where.root, place.folder, place.stack, overlay)
  if (kubeconfig !== undefined)
    say(`on the throw-away cluster: ${Object.entries(overlay).map(overlayLine).join(', ')}`)
  if (!existsSync(join(place.backend, '.pulumi/stacks', project, `${place.stack}.json`)))
    await quietly(place, ['stack', 'init', place.stack, '--non-interactive'])
  if (needsSeed(place)) await setSeed(where, place)
}

const overlayLine = ([key, value]: [string, unknown]): string =>
  `${key.replace('maru:', '')} ${
    typeof value === 'object'
      ? Object.entries(value ?? {})
          .flat()
          .join(' ')
      : String(value)
  }`

function needsSeed({ folder, stack }: Workplace): boolean {
  const secrets = (stackValue(folder, stack, 'maru:secrets') ?? {}) as Record<string, unknown>
  return (secrets['mode'] ?? 'generated') === 'generated' && secrets['seed'] === undefined
}

/** By standard input: a word of the command line is for everybody to read. */
async function setSeed(where: Places, place: Workplace): Promise<void> {
  const seed = await secret(where.secrets, `pulumi-seed-${place.stack}`)
  const words = ['config', 'set', '--secret', '--path', 'maru:secrets.seed', '--stack', place.stack]
  await quietly(place, [...words, '--non-interactive'], `${seed}\n`)
}

/** A run that was killed leaves its lock, and perhaps objects that it had not noted yet. */
async function recover(place: Workplace, say: (line: string) => void): Promise<void> {
  const dead = clearDeadLocks(place.backend, project, place.stack)
  if (dead.length === 0) return
  say(
    `cleared the lock of a run that was killed (process ${dead.join(', ')}); looking at what it had made`,
  )
  await quietly(place, [
    'refresh',
    '--yes',
    '--skip-preview',
    '--clear-pending-creates',
    '--stack',
    place.stack,
  ])
}

async function quietly(
  { home, folder, env }: Workplace,
  words: readonly string[],
  input = '',
): Promise<void> {
  const done = await execa(home.program, words, {
    cwd: folder,
    env: clean(env),
    extendEnv: false,
    input,
    all: true,
    reject: false,
  })
  if (!done.failed) return
  throw Object.assign(new Error(`pulumi ${words.slice(0, 2).join(' ')} failed:\n${done.all}`), {
    code: 'ENVIRONMENT',
  })
}

/** Hands the terminal on. Signals reach Pulumi by the terminal itself or by us. */
async function cli({ home, folder, env }: Workplace, words: readonly string[]): Promise<number> {
  const cwd = existsSync(folder) ? folder : undefined
  const child = execa(home.program, words, {
    ...(cwd !== undefined && { cwd }),
    env: clean(env),
    extendEnv: false,
    stdio: 'inherit',
    reject: false,
  })
  const { exitCode } = await child
  return exitCode ?? failed
}

const failed = 1

/** KUBECONFIG is never followed: the provider would fall back to it. */
function clean(env: Readonly<Record<string, string>>): Record<string, string> {
  const { KUBECONFIG: _, ...rest } = process.env
  return { ...(rest as Record<string, string>), ...env }
}

const stackWord = /^(--stack|-s)$/

const hasStack = (words: readonly string[]): boolean =>
  words.some((word) => stackWord.test(word) || word.startsWith('--stack='))

/** The stack that is named, or `dev`. */
export function stackIn(words: readonly string[]): string {
  const at = words.findIndex((word) => stackWord.test(word))
  const joined = words.find((word) => word.startsWith('--stack='))?.slice('--stack='.length)
  return joined ?? (at < 0 ? undefined : words[at + 1]) ?? 'dev'
}
