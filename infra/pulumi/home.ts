import { copyFile, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { obtainBinaries, tools } from '../go/binaries.ts'
import { madeOnce } from '../local/engines/lock.ts'

/** The Pulumi CLI with what it needs beside it. */
export interface PulumiHome {
  readonly program: string
  /** `PULUMI_HOME`: plugins and the CLI's own notes. */
  readonly home: string
}

interface Workshop {
  readonly cache: string
  say(line: string): void
}

const withinMs = 120_000
const host = join(import.meta.dirname, 'language-host')
const hostName = 'pulumi-language-nodejs'

/** The CLI, its language host and the Kubernetes provider, put together once per user and version. */
export async function pulumiHome(workshop: Workshop): Promise<PulumiHome> {
  const folders = await obtainBinaries(['pulumi', 'pulumi-kubernetes'], workshop)
  // Both programs are in the name: a new provider is another home.
  const name = `pulumi-cli-${Object.values(folders)
    .map((folder) => basename(folder).split('-').at(-1))
    .join('-')}`
  const home = join(workshop.cache, name)
  const turn = {
    file: join(workshop.cache, 'pulumi-home.lock'),
    what: 'set Pulumi up',
    deadlineMs: withinMs,
    say: workshop.say,
  }
  await madeOnce(home, turn, () => make(home, folders))
  return { program: join(home, 'bin/pulumi'), home }
}

async function make(home: string, folders: Readonly<Record<string, string>>): Promise<void> {
  const draft = `${home}.making`
  await rm(draft, { recursive: true, force: true })
  await mkdir(join(draft, 'bin'), { recursive: true })
  // A copy: the CLI looks for the host beside its real path.
  await copyFile(join(folders['pulumi'] ?? '', 'pulumi'), join(draft, 'bin/pulumi'))
  await copyFile(join(host, hostName), join(draft, 'bin', hostName))
  // Since 3.254 the CLI writes everything it does into logs there, and cannot be told not to: two thirds of its time, and
  // 500 MB before it clears up. Where it cannot make the folder it goes on without.
  await symlink('/dev/null', join(draft, 'logs'))
  const { version, binary } = tools['pulumi-kubernetes']
  const file = join(folders['pulumi-kubernetes'] ?? '', binary)
  const install = ['plugin', 'install', 'resource', 'kubernetes', version, '--file', file]
  await execa(join(draft, 'bin/pulumi'), install, {
    env: { ...cliEnvironment, PULUMI_HOME: draft },
    timeout: withinMs,
  })
  await rename(draft, home)
}

/** Nothing is fetched behind our back, and nobody is asked for a newer version. */
const cliEnvironment = {
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  // The CLI and its provider live for seconds and hold tens of megabytes: collecting is most of what they would do.
  GOGC: '400',
  // By default 4 for each core: what is waited for would hold up what could be made.
  PULUMI_PARALLEL: '64',
}

/** The environment of the CLI. @param passphrase path of the file with the passphrase of the stacks' secrets */
export const environmentOf = (
  { home }: PulumiHome,
  { backend, passphrase }: { readonly backend: string; readonly passphrase: string },
): Readonly<Record<string, string>> => ({
  ...cliEnvironment,
  PULUMI_HOME: home,
  PULUMI_BACKEND_URL: `file://${backend}`,
  PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
  MARU_NODE: process.execPath,
  MARU_LANGUAGE_HOST: join(host, 'host.ts'),
})
