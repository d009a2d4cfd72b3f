import { readFileSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { sentOf } from './build-context.ts'
import { stagesOf, type BuildStage, type Instruction } from './dockerfile.ts'

/** What an image would be, as a folder on this machine. */
export interface Replayed {
  /** The last stage's root; its working folder lies below. */
  readonly root: string
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly user: string
  readonly entrypoint: readonly string[]
}

/**
 * Replays a Dockerfile's steps into empty folders, without Docker: COPY copies (as .dockerignore allows), RUN runs in the
 * stage's folder, the base brings nothing. So it shows what an image holds, and that its service starts from that.
 * @param context the repository's root folder
 * @param folder where the stages lie; must be empty
 */
export async function replay(
  context: string,
  folder: string,
  arguments_: Readonly<Record<string, string>>,
): Promise<Replayed> {
  const text = readFileSync(join(context, 'Dockerfile'), 'utf8')
  const stages = stagesOf(text, arguments_)
  const roots = new Map<string, string>()
  let last: Replayed | undefined
  for (const [at, stage] of stages.entries()) {
    const root = join(folder, stage.name ?? `stage-${at}`)
    await mkdir(root, { recursive: true })
    last = await replayStage(stage, root, { context, roots })
    roots.set(stage.name ?? String(at), root)
  }
  if (!last) throw new Error('The Dockerfile has no stage.')
  return last
}

interface Around {
  readonly context: string
  readonly roots: ReadonlyMap<string, string>
}

async function replayStage(stage: BuildStage, root: string, around: Around): Promise<Replayed> {
  const env: Record<string, string> = {}
  const labels: Record<string, string> = {}
  let [workdir, user] = ['/', '0']
  let entrypoint: readonly string[] = []
  for (const { word, rest } of stage.instructions) {
    const [name = '', value = ''] = pair(rest)
    if (word === 'WORKDIR') workdir = rest
    else if (word === 'ENV') env[name] = value
    else if (word === 'LABEL') labels[name] = value
    else if (word === 'USER') user = rest
    else if (word === 'ENTRYPOINT') entrypoint = JSON.parse(rest) as readonly string[]
    else if (word === 'COPY') await copy(rest, join(root, workdir), around)
    else if (word === 'RUN') await runIn(join(root, workdir), rest, env)
    else known(word)
    await mkdir(join(root, workdir), { recursive: true })
  }
  return { root, workdir, env, labels, user, entrypoint }
}

const pair = (rest: string): readonly string[] => {
  const at = rest.indexOf('=')
  return [rest.slice(0, at), rest.slice(at + 1).replace(/^"(.*)"$/, '$1')]
}

const withoutEffect = ['STOPSIGNAL', 'EXPOSE', 'CMD']

function known(word: Instruction['word']): void {
  if (!withoutEffect.includes(word)) throw new Error(`The replay does not know ${word}.`)
}

async function copy(rest: string, workdir: string, { context, roots }: Around): Promise<void> {
  const [, stage, words = rest] = /^--from=(\S+) (.*)$/.exec(rest) ?? []
  const [target = '.', ...sources] = words.split(' ').toReversed()
  const from = stage === undefined ? context : (roots.get(stage) ?? '')
  const sent = stage === undefined ? sentOf(context) : () => true
  for (const source of sources) {
    const place = join(workdir, target.endsWith('/') ? join(target, source) : target)
    await mkdir(dirname(place), { recursive: true })
    await cp(join(from, source), place, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => sent(path.slice(from.length).replace(/^\//, '')),
    })
  }
}

async function runIn(
  cwd: string,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(cwd, { recursive: true })
  await execa('/bin/sh', ['-c', script], { cwd, env })
}
