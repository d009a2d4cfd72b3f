import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { madeOnce } from '../local/engines/lock.ts'

/** A Go program that Maru builds where it is needed. Its module's files lie in `<name>/`. */
export interface Tool {
  readonly version: string
  /** File name of the executable. */
  readonly binary: string
  /** What `go build` is given: a package of the module graph, or `.` for a main of ours. */
  readonly package: string
  readonly flags: readonly string[]
  /** Further names under which the executable is another command. */
  readonly names: readonly string[]
  /** CPU seconds of a build with empty caches on the machine of docs/performance.md. */
  readonly cpuSeconds: number
}

const stamp = (values: Readonly<Record<string, string>>): string =>
  ['-s', '-w', ...Object.entries(values).map(([name, value]) => `-X ${name}=${value}`)].join(' ')

const kubernetesVersion = { gitVersion: 'v1.34.8', gitMajor: '1', gitMinor: '34' }
const stamped = (where: string) =>
  Object.fromEntries(
    Object.entries(kubernetesVersion).map(([name, value]) => [`${where}.${name}`, value]),
  )

const plain = { flags: ['-ldflags', stamp({})], names: [] }

/** All programs, in the order in which they are needed. */
export const tools = {
  etcd: {
    ...plain,
    version: '3.6.14',
    binary: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    cpuSeconds: 124,
  },
  kubernetes: {
    version: '1.34.8',
    binary: 'kubeling',
    package: '.',
    flags: [
      '-ldflags',
      stamp({
        ...stamped('k8s.io/component-base/version'),
        ...stamped('k8s.io/client-go/pkg/version'),
      }),
    ],
    names: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'],
    cpuSeconds: 664,
  },
  kwok: {
    ...plain,
    version: '0.8.0',
    binary: 'kwok',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    cpuSeconds: 206,
  },
  pulumi: {
    version: '3.255.0',
    binary: 'pulumi',
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    flags: [
      '-tags',
      'osusergo,grpcnotrace',
      '-ldflags',
      stamp({ 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version': 'v3.255.0' }),
    ],
    names: [],
    cpuSeconds: 412,
  },
  'pulumi-kubernetes': {
    ...plain,
    version: '4.25.0',
    binary: 'pulumi-resource-kubernetes',
    package: '.',
    cpuSeconds: 350,
  },
  kustomize: {
    ...plain,
    version: '5.7.1',
    binary: 'kustomize',
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    cpuSeconds: 26,
  },
  argocd: {
    version: '3.2.11',
    binary: 'argocd',
    package: 'github.com/argoproj/argo-cd/v3/cmd',
    flags: ['-ldflags', stamp({ 'github.com/argoproj/argo-cd/v3/common.version': '3.2.11' })],
    names: [],
    cpuSeconds: 552,
  },
  k6: {
    ...plain,
    version: '2.2.0',
    binary: 'k6',
    package: 'go.k6.io/k6/v2',
    cpuSeconds: 137,
  },
} as const satisfies Record<string, Tool>

export type ToolName = keyof typeof tools

/** What a cluster itself runs on. */
export const clusterTools = ['etcd', 'kubernetes', 'kwok'] as const satisfies readonly ToolName[]
/** What puts things into a cluster. */
export const deliveryTools = ['pulumi', 'pulumi-kubernetes', 'kustomize', 'argocd'] as const

interface Workshop {
  /** The user's cache folder, shared by checkouts. */
  readonly cache: string
  say(line: string): void
}

/** Go builds one after the other: each uses all cores, and memory for one. */
const buildsWithinMs = 90 * 60_000

/**
 * The folders with the executables of these tools; what is not there is built, once per user and version.
 * @returns folder by tool
 * @throws Error with code ENVIRONMENT that names what is missing
 */
export async function obtainBinaries<Name extends ToolName>(
  names: readonly Name[],
  workshop: Workshop,
): Promise<Readonly<Record<Name, string>>> {
  const folders: Partial<Record<Name, string>> = {}
  for (const name of names) folders[name] = await obtain(name, workshop)
  return folders as Record<Name, string>
}

async function obtain(name: ToolName, workshop: Workshop): Promise<string> {
  const home = folderOf(name, workshop.cache)
  await mkdir(workshop.cache, { recursive: true })
  const turn = {
    file: join(workshop.cache, 'go.lock'),
    what: 'build Go programs',
    deadlineMs: buildsWithinMs,
    say: workshop.say,
  }
  return madeOnce(home, turn, () => build(name, home, workshop))
}

/** Whether a tool is built already. */
export const isBuilt = (name: ToolName, cache: string): boolean => existsSync(folderOf(name, cache))

/** Files of the module and all flags are in the name: a changed one is another program. */
function folderOf(name: ToolName, cache: string): string {
  const hash = createHash('sha256').update(JSON.stringify(tools[name]))
  for (const file of inputs(name))
    hash.update(`${file}\0`).update(readFileSync(join(moduleOf(name), file)))
  return join(cache, `${name}-${tools[name].version}-${hash.digest('hex').slice(0, 10)}`)
}

const moduleOf = (name: ToolName): string => join(import.meta.dirname, name)

const inputs = (name: ToolName): readonly string[] =>
  globSync('**/*', { cwd: moduleOf(name) })
    .filter((file) => statSync(join(moduleOf(name), file)).isFile())
    .sort()

const oldestGo = { major: 1, minor: 26 }

async function build(name: ToolName, home: string, { say }: Workshop): Promise<void> {
  const tool: Tool = tools[name]
  await assertGo(name)
  const draft = `${home}.building`
  await rm(draft, { recursive: true, force: true })
  await mkdir(join(draft, 'module'), { recursive: true, mode: 0o755 })
  await cp(moduleOf(name), join(draft, 'module'), { recursive: true })
  say(`building ${name} ${tool.version} (about ${Math.ceil(tool.cpuSeconds / 120)} min, once)`)
  const output = join(draft, tool.binary)
  const args = ['build', '-trimpath', ...tool.flags, '-o', output, tool.package]
  await runGo(name, args, join(draft, 'module'))
  for (const other of tool.names) await symlink(tool.binary, join(draft, other))
  await rm(join(draft, 'module'), { recursive: true, force: true })
  await rename(draft, home)
}

/** At low priority: tests and services beside it go first. */
async function runGo(name: string, args: readonly string[], cwd: string): Promise<void> {
  const done = await execa('nice', ['-n', '10', 'go', ...args], {
    cwd,
    env: { GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' },
    stdin: 'ignore',
    all: true,
    reject: false,
    timeout: buildsWithinMs,
  })
  if (!done.failed) return
  const last = done.all.trimEnd().split('\n').slice(-8).join('\n')
  throw environment(`${name} could not be built. The last lines of go:\n${last}`)
}

async function assertGo(name: string): Promise<void> {
  const wanted = `${oldestGo.major}.${oldestGo.minor}`
  const way = `install Go ${wanted} or newer (https://go.dev/dl)`
  const said = await execa('go', ['env', 'GOVERSION'], {
    env: { GOTOOLCHAIN: 'local' },
    reject: false,
  })
  if (said.failed) throw environment(`${name} is built with Go, and there is none on PATH: ${way}.`)
  const [, major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(said.stdout) ?? []).map(Number)
  if (major > oldestGo.major || (major === oldestGo.major && minor >= oldestGo.minor)) return
  throw environment(`${name} is built with Go, and this is ${said.stdout}: ${way}.`)
}

const environment = (message: string): Error =>
  Object.assign(new Error(message), { code: 'ENVIRONMENT' })
