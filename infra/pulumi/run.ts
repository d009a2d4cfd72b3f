import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { clusterOf, runningKubeconfig } from '../cluster/checkout-cluster.ts'
import { makePlaces, type Places } from '../local/paths.ts'
import { secret } from '../local/secrets.ts'
import { environmentOf, pulumiHome, type PulumiHome } from './home.ts'
import { clearDeadLocks } from './locks.ts'
import { endOrphanedPlugins } from './orphans.ts'
import { copyProject, copyStack, stackValue } from './project.ts'

const project = 'maru'

/** Where runs of Pulumi on one backend find everything. */
export interface Workplace {
  readonly home: PulumiHome
  /** The repository's root folder. */
  readonly root: string
  /** The copy of the project. */
  readonly folder: string
  readonly backend: string
  /** Temporary files of this process's runs. */
  readonly temporary: string
  /** Folder of generated secrets. */
  readonly secrets: string
  readonly env: Readonly<Record<string, string>>
  /** Kubeconfig of the throw-away cluster, when runs are on it. */
  readonly throwAway: string | undefined
}

type Say = (line: string) => void

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
  say: Say,
): Promise<number> {
  await makePlaces(where)
  const throwAway = await runningKubeconfig(where)
  // The state of what is on the throw-away cluster is thrown away with it.
  const base = join((throwAway && clusterOf(where)?.dir) ?? where.state, 'pulumi')
  const place = await workplace(where, base, throwAway, say)
  try {
    return await cli(place, await prepared(place, words, say))
  } finally {
    await rm(place.temporary, { recursive: true, force: true })
  }
}

/** Files and environment of runs. @param base folder of the backend and of the project's copy */
export async function workplace(
  where: Pick<Places, 'root' | 'cache' | 'secrets'>,
  base: string,
  throwAway: string | undefined,
  say: Say,
): Promise<Workplace> {
  const { root, cache, secrets } = where
  const backend = join(base, 'state')
  // The provider leaves a kubeconfig there at every run.
  const temporary = join(base, `temporary-${process.pid}`)
  for (const folder of [backend, temporary]) await mkdir(folder, { recursive: true, mode: 0o700 })
  await secret(secrets, passphraseName)
  const home = await pulumiHome({ cache, say })
  const env = {
    ...environmentOf(home, { backend, passphrase: join(secrets, passphraseName) }),
    TMPDIR: temporary,
    NODE_COMPILE_CACHE: join(cache, 'node-compile-cache'),
    NODE_COMPILE_CACHE_PORTABLE: '1',
    ...(throwAway !== undefined && stateAtTheEnd),
  }
  return { home, root, secrets, folder: join(base, 'project'), backend, temporary, env, throwAway }
}

/**
 * Half of an `up` goes into writing the whole state anew after every resource. What is thrown away is written at the
 * end: after a killed run the server itself knows what is there, and applying it again changes nothing.
 */
const stateAtTheEnd = {
  PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
  PULUMI_EXPERIMENTAL: 'true',
  PULUMI_SKIP_CHECKPOINTS: 'true',
}

const passphraseName = 'pulumi-passphrase'

/**
 * Makes ready what these words need: the copy of the project, the stack, its overlay and seed, and no lock of the dead.
 * @returns the words with the stack
 */
export async function prepared(
  place: Workplace,
  words: readonly string[],
  say: Say,
): Promise<readonly string[]> {
  const word = words.find((one) => !one.startsWith('-')) ?? ''
  if (!onStack.includes(word)) return words
  const stack = stackIn(words)
  await makeStack(place, stack, say)
  if (onCluster.includes(word)) {
    assertCluster(place, stack)
    await recover(place, stack, say)
  }
  return hasStack(words) ? words : [...words, '--stack', stack]
}

async function makeStack(place: Workplace, stack: string, say: Say): Promise<void> {
  const { throwAway, root, folder, backend } = place
  const overlay = throwAway === undefined ? {} : overlayFor(throwAway)
  copyProject(root, folder)
  copyStack(root, folder, stack, overlay)
  if (throwAway !== undefined)
    say(`on the throw-away cluster: ${Object.entries(overlay).map(overlayLine).join(', ')}`)
  if (!existsSync(join(backend, '.pulumi/stacks', project, `${stack}.json`)))
    await quietly(place, ['stack', 'init', stack, '--non-interactive'])
  if (needsSeed(place, stack)) await setSeed(place, stack)
}

const overlayLine = ([key, value]: [string, unknown]): string =>
  `${key.replace('maru:', '')} ${
    typeof value === 'object'
      ? Object.entries(value ?? {})
          .flat()
          .join(' ')
      : String(value)
  }`

function assertCluster({ folder, throwAway }: Workplace, stack: string): void {
  const named = stackValue(folder, stack, 'maru:kubeconfig')
  if (throwAway !== undefined || (named !== undefined && named !== '')) return
  throw Object.assign(
    new Error(
      `Stack ${stack} has no cluster: ./maru cluster up starts a throw-away one, ./maru pulumi config set kubeconfig PATH names yours.`,
    ),
    { code: 'ENVIRONMENT' },
  )
}

function needsSeed({ folder }: Workplace, stack: string): boolean {
  const secrets = (stackValue(folder, stack, 'maru:secrets') ?? {}) as Record<string, unknown>
  return (secrets['mode'] ?? 'generated') === 'generated' && secrets['seed'] === undefined
}

/** By standard input: a word of the command line is for everybody to read. */
async function setSeed(place: Workplace, stack: string): Promise<void> {
  const seed = await secret(place.secrets, `pulumi-seed-${stack}`)
  const words = ['config', 'set', '--secret', '--path', 'maru:secrets.seed', '--stack', stack]
  await quietly(place, [...words, '--non-interactive'], `${seed}\n`)
}

/** A run that was killed leaves its lock, and perhaps objects that it had not noted yet. */
async function recover(place: Workplace, stack: string, say: Say): Promise<void> {
  const dead = clearDeadLocks(place.backend, project, stack)
  if (dead.length === 0) return
  say(
    `cleared the lock of a run that was killed (process ${dead.join(', ')}); looking at what it had made`,
  )
  await endOrphanedPlugins(place.home)
  const words = ['refresh', '--yes', '--skip-preview', '--clear-pending-creates']
  await quietly(place, [...words, '--stack', stack])
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
export function clean(env: Readonly<Record<string, string>>): Record<string, string> {
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
