import { createHash } from 'node:crypto'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as docker from '@pulumi/docker'
import * as build from '@pulumi/docker-build'
import type { Service } from '../../services/model/service.ts'
import { readVersions, referenceOf, unreleased } from '../gitops/versions.ts'
import type { Settings } from '../settings.ts'
import type { Image } from '../workloads/stack-context.ts'
import { buildArguments } from './build-arguments.ts'
import { sentOf } from './build-context.ts'

/** Tag under which the newest build of each service stands in a registry. */
const newest = 'latest-build'

/**
 * The images of a stack by service: built and pushed now, the registry's newest, those of `versions.yaml`, or what was
 * loaded into the nodes. Every reference carries a digest, but for what was never in a registry.
 * @param root the repository's root folder
 */
export function imagesOf(settings: Settings, root: string): (service: Service) => Image {
  const { source, prefix, tag } = settings.images
  if (source === 'build') return building(settings, root)
  if (source === 'registry') return (service) => fromRegistry(`${prefix}/${service.name}:${newest}`)
  if (source === 'loaded') return ({ name }) => ({ tag, reference: `${prefix}/${name}:${tag}` })
  const versions = readVersions(root, settings.stack)
  return (service) => ({
    tag: versions[service.name]?.tag ?? unreleased,
    reference: referenceOf(prefix, service.name, versions),
  })
}

/** Each image once, however many objects run it. The tag is known before the build: it is that of the sources. */
function building(settings: Settings, root: string): (service: Service) => Image {
  const { prefix } = settings.images
  const tag = sourceTag(root)
  const made = new Map<string, Image>()
  return (service) => {
    const known = made.get(service.name)
    if (known) return known
    const image = new build.Image(`image-${service.name}`, {
      context: { location: root },
      dockerfile: { location: join(root, 'Dockerfile') },
      buildArgs: { ...buildArguments(service, tag, settings) },
      tags: [`${prefix}/${service.name}:${tag}`],
      push: true,
      buildOnPreview: false,
    })
    const one = { tag, reference: image.ref }
    made.set(service.name, one)
    return one
  }
}

function fromRegistry(name: string): Image {
  const reference = docker
    .getRegistryImageOutput({ name })
    .sha256Digest.apply((digest) => `${name}@${digest}`)
  return { tag: newest, reference }
}

/** What an image is made of, in one word: a changed test changes none. */
export function sourceTag(root: string): string {
  const hash = createHash('sha256')
  const sources = ['package.json', 'package-lock.json', '.npmrc', 'services/**/*']
  const files = ['Dockerfile', ...globSync(sources, { cwd: root }).filter(sentOf(root))]
  for (const file of files.sort()) {
    const path = join(root, file)
    if (statSync(path, { throwIfNoEntry: false })?.isFile())
      hash.update(`${file}\0`).update(readFileSync(path))
  }
  return hash.digest('hex').slice(0, 12)
}
