import { join } from 'node:path'
import { execa } from 'execa'
import { folderOf, type Service } from '../../services/model/service.ts'
import { opensearchImage } from '../foundation/opensearch-objects.ts'
import type { Settings } from '../settings.ts'

/** An order to Docker. */
export interface Order {
  readonly root: string
  readonly settings: Settings
  readonly tag: string
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
    const format = '{{index .RepoDigests 0}}'
    const said = await docker(['image', 'inspect', '--format', format, name])
    if (service !== undefined) digests[service] = said.split('@').at(-1)?.trim() ?? ''
  }
  return digests
}

/** Name of the local cluster in the documentation's commands. */
const clusterName = 'maru'

const argumentsOf = (service: Service, { tag }: Order): readonly string[] =>
  Object.entries({
    SERVICE: folderOf(service).replace('services/', ''),
    VERSION: tag,
    REVISION: tag,
  }).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])

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
