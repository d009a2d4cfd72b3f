import { execa } from 'execa'
import { topology } from '../../../services/topology.ts'
import { environmentNamed } from '../../gitops/environments.ts'
import { writeVersion } from '../../gitops/versions.ts'
import {
  buildImages,
  pushImages,
  serverBuilds,
  serviceBuilds,
  type Loader,
  type Order,
} from '../../images/build.ts'
import { writeRendered } from '../../render.ts'
import { readStack } from '../../stacks.ts'
import { thisCheckout } from './checkout.ts'
import { jsonOption, UsageError, type Command } from './command.ts'
import { print, printJson, say } from './output.ts'
import { asUsage, servicesNamed } from './services.ts'

interface Options {
  readonly env: string
  readonly tag?: string
  readonly load?: string
  readonly json?: boolean
}

export function register(program: Command): void {
  const images = program.command('images').description('build and push the images of services')
  const word = (name: string, what: string, action: Action): Command =>
    images
      .command(`${name} [service...]`)
      .description(`${what}; all of them if none is named`)
      .option('--env <name>', 'stack whose registry is meant', 'dev')
      .option('--tag <tag>', 'tag of the images; the present revision by default')
      .option(...jsonOption)
      .action(action)
      .exitOverride()
      .showSuggestionAfterError()
  word('build', 'build with Docker', build).option(
    '--load <kind|k3d>',
    'into a local cluster named maru',
  )
  word('push', 'build, push, and write tag and digest into gitops/<env>/versions.yaml', push)
}

type Action = (names: readonly string[], options: Options) => Promise<void>

async function build(names: readonly string[], options: Options): Promise<void> {
  const load = loaderOf(options.load)
  const order = await orderOf(options, load !== undefined)
  const builds = buildsOf(names, order)
  await buildImages(builds, say, load)
  if (options.json === true) return printJson(builds.map(({ name }) => name))
  builds.forEach(({ name }) => print(name))
  if (load !== undefined) say('Next: pulumi config set --path images.source loaded')
}

async function push(names: readonly string[], options: Options): Promise<void> {
  const order = await orderOf(options, false)
  const digests = await pushImages(buildsOf(names, order), say)
  for (const [service, digest] of Object.entries(digests))
    writeVersion(order.root, options.env, service, { tag: order.tag, digest })
  writeRendered(topology, order.root)
  if (options.json === true) return printJson({ tag: order.tag, digests })
  for (const [service, digest] of Object.entries(digests))
    print(`${service} ${order.tag} ${digest}`)
  say(`Commit gitops/${options.env}: it is what that environment runs.`)
}

/** All of them are those of the servers too. */
const buildsOf = (names: readonly string[], order: Order) =>
  names.length === 0
    ? [...serviceBuilds(topology.services, order), ...serverBuilds(order)]
    : serviceBuilds(servicesNamed(topology, names), order)

function loaderOf(load: string | undefined): Loader | undefined {
  if (load === undefined || load === 'kind' || load === 'k3d') return load
  throw new UsageError(`--load is kind or k3d, not "${load}".`)
}

/** What is loaded into nodes has the tag of the stack's settings, so that nothing must be set anew. */
async function orderOf({ env, tag }: Options, loaded: boolean): Promise<Order> {
  const { root } = thisCheckout()
  const name = asUsage(() => environmentNamed(root, env))
  const settings = readStack(root, name)
  const revision = await revisionOf(root)
  return { root, settings, tag: tag ?? (loaded ? settings.images.tag : revision), revision, say }
}

/** What is checked out, in one word; with what is not committed it is nobody's revision. */
async function revisionOf(root: string): Promise<string> {
  const git = async (...words: readonly string[]) =>
    (await execa('git', words, { cwd: root })).stdout
  const changed = (await git('status', '--porcelain', '--', 'services', 'Dockerfile')) !== ''
  return `${await git('rev-parse', '--short=12', 'HEAD')}${changed ? '-dirty' : ''}`
}
