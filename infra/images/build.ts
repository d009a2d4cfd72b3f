import { join } from 'node:path'
import { execa } from 'execa'
import type { Service } from '../../services/model/service.ts'
import { opensearchImage } from '../foundation/opensearch-objects.ts'
import type { Settings } from '../settings.ts'
import { buildArguments } from './build-arguments.ts'

/** An order to Docker. */
export interface Order {
  readonly root: string
  readonly settings: Settings
  readonly tag: string
  /** What is checked out. */
  readonly revision: string
  say(line: string): void
}

/** Where a cluster on this machine takes its images from, without a registry. */
export type Loader = 'kind' | 'k3d'

/** An image to build: its full name, and what Docker is told. */
export interface Build {
  /** The service; absent for an image of a server. */
  readonly service?: string
  readonly name: string
  readonly words: readonly string[]
}

/** Images of services. */
export const serviceBuilds = (services: readonly Service[], order: Order): readonly Build[] =>
  services.map((service) => ({
    service: service.name,
    name: `${order.settings.images.prefix}/${service.name}:${order.tag}`,
    words: [...argumentsOf(service, order), order.root],
  }))

/** Images of servers that nobody publishes as we need them. */
export const serverBuilds = ({ root, settings }: Order): readonly Build[] => [
  { name: opensearchImage(settings), words: [join(root, 'infra/images/opensearch')] },
]

/**
 * Builds the images, and loads them into the nodes of a local cluster if that is wished for.
 * @throws Error with code ENVIRONMENT where there is no Docker
 */
export async function buildImages(
  builds: readonly Build[],
  say: Order['say'],
  load: Loader | undefined,
): Promise<void> {
  await assertDocker()
  for (const { name, words } of builds) {
    say(`building ${name}`)
    await docker(['build', '--tag', name, ...words])
    if (load === 'kind') await tool('kind', ['load', 'docker-image', name, '--name', clusterName])
    if (load === 'k3d') await tool('k3d', ['image', 'import', name, '--cluster', clusterName])
  }
}

/** Builds and pushes the images. @returns the digest that the registry gave each service's */
export async function pushImages(
  builds: readonly Build[],
  say: Order['say'],
): Promise<Readonly<Record<string, string>>> {
  await buildImages(builds, say, undefined)
  const digests: Record<string, string> = {}
  for (const { name, service } of builds) {
    say(`pushing ${name}`)
    await docker(['push', name])
    if (service !== undefined) digests[service] = await digestOf(name)
  }
  return digests
}

/** An image that went to several registries has a digest in each: that of this one counts. */
async function digestOf(name: string): Promise<string> {
  const format = '{{json .RepoDigests}}'
  const said = await docker(['image', 'inspect', '--format', format, name])
  const repository = name.slice(0, name.lastIndexOf(':'))
  const found = (JSON.parse(said) as readonly string[]).find((one) =>
    one.startsWith(`${repository}@`),
  )
  if (found === undefined) throw environment(`docker knows no digest of ${name} after its push.`)
  return found.slice(repository.length + 1)
}

/** Name of the local cluster in the documentation's commands. */
const clusterName = 'maru'

const argumentsOf = (service: Service, { tag, revision, settings }: Order): readonly string[] =>
  Object.entries({ ...buildArguments(service, tag, settings), REVISION: revision }).flatMap(
    ([name, value]) => ['--build-arg', `${name}=${value}`],
  )

async function assertDocker(): Promise<void> {
  const said = await execa('docker', ['info', '--format', '{{.ServerVersion}}'], { reject: false })
  if (!said.failed && said.stdout.trim() !== '') return
  const why = said.code === 'ENOENT' ? 'there is no docker on PATH' : 'its daemon does not answer'
  throw environment(`Images are built by Docker, and ${why}: start it (docker info says more).`)
}

const docker = (words: readonly string[]): Promise<string> => tool('docker', words)

async function tool(program: string, words: readonly string[]): Promise<string> {
  const done = await execa(program, words, { all: true, reject: false })
  if (!done.failed) return done.stdout
  const last = (done.all ?? '').trimEnd().split('\n').slice(-8).join('\n')
  throw environment(`${program} ${words[0]} failed:\n${last || done.shortMessage}`)
}

const environment = (message: string): Error =>
  Object.assign(new Error(message), { code: 'ENVIRONMENT' })
