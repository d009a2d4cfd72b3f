import { execa } from 'execa'
import { folderOf, type Service } from '../../services/model/service.ts'
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

/** Full name of a service's image. */
export const imageName = ({ settings, tag }: Order, service: Service): string =>
  `${settings.images.prefix}/${service.name}:${tag}`

/**
 * Builds the images, and loads them into the nodes of a local cluster if that is wished for.
 * @throws Error with code ENVIRONMENT where there is no Docker
 */
export async function buildImages(
  services: readonly Service[],
  order: Order,
  load: Loader | undefined,
): Promise<void> {
  await assertDocker()
  for (const service of services) {
    const name = imageName(order, service)
    order.say(`building ${name}`)
    await docker(['build', ...argumentsOf(service, order), '--tag', name, order.root])
    if (load === 'kind') await tool('kind', ['load', 'docker-image', name, '--name', clusterName])
    if (load === 'k3d') await tool('k3d', ['image', 'import', name, '--cluster', clusterName])
  }
}

/** Pushes the images. @returns the digest that the registry gave each, by service */
export async function pushImages(
  services: readonly Service[],
  order: Order,
): Promise<Readonly<Record<string, string>>> {
  await buildImages(services, order, undefined)
  const digests: Record<string, string> = {}
  for (const service of services) {
    const name = imageName(order, service)
    order.say(`pushing ${name}`)
    await docker(['push', name])
    const format = '{{index .RepoDigests 0}}'
    const said = await docker(['image', 'inspect', '--format', format, name])
    digests[service.name] = said.split('@').at(-1)?.trim() ?? ''
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
