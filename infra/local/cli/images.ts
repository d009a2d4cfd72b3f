import { execa } from 'execa'
import { topology } from '../../../services/topology.ts'
import { environmentNamed } from '../../gitops/environments.ts'
import { writeVersion } from '../../gitops/versions.ts'
import { buildImages, imageName, pushImages, type Loader, type Order } from '../../images/build.ts'
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
  const services = chosen(names)
  const order = await orderOf(options)
  await buildImages(services, order, loaderOf(options.load))
  const built = services.map((service) => imageName(order, service))
  if (options.json === true) return printJson(built)
  built.forEach((name) => print(name))
}

async function push(names: readonly string[], options: Options): Promise<void> {
  const order = await orderOf(options)
  const digests = await pushImages(chosen(names), order)
  for (const [service, digest] of Object.entries(digests))
    writeVersion(order.root, options.env, service, { tag: order.tag, digest })
  writeRendered(topology, order.root)
  if (options.json === true) return printJson({ tag: order.tag, digests })
  for (const [service, digest] of Object.entries(digests))
    print(`${service} ${order.tag} ${digest}`)
  say(`Commit gitops/${options.env}: it is what that environment runs.`)
}

const chosen = (names: readonly string[]) =>
  names.length === 0 ? topology.services : servicesNamed(topology, names)

function loaderOf(load: string | undefined): Loader | undefined {
  if (load === undefined || load === 'kind' || load === 'k3d') return load
  throw new UsageError(`--load is kind or k3d, not "${load}".`)
}

async function orderOf({ env, tag }: Options): Promise<Order> {
  const { root } = thisCheckout()
  const name = asUsage(() => environmentNamed(root, env))
  return { root, settings: readStack(root, name), tag: tag ?? (await revision(root)), say }
}

/** What is checked out, in one word; with what is not committed it is nobody's revision. */
async function revision(root: string): Promise<string> {
  const git = async (...words: readonly string[]) =>
    (await execa('git', words, { cwd: root })).stdout
  const changed = (await git('status', '--porcelain', '--', 'services', 'Dockerfile')) !== ''
  return `${await git('rev-parse', '--short=12', 'HEAD')}${changed ? '-dirty' : ''}`
}
