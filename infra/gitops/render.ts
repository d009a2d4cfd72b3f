import { applicationSet, rootApplication } from '../delivery/applications.ts'
import { identityOf, type KubernetesObject } from '../kubernetes/object.ts'
import { readStack, stackNames } from '../stacks.ts'
import { platformObjects, serviceObjects } from '../workloads/objects.ts'
import type { StackContext } from '../workloads/stack-context.ts'
import type { Topology } from '../../services/model/topology.ts'
import { annotated } from './annotate.ts'
import { readVersions, referenceOf, unreleased } from './versions.ts'

/** A file of `gitops/`: its objects, in order. */
export interface GitopsFile {
  readonly path: string
  readonly objects: readonly KubernetesObject[]
}

/**
 * What Argo CD reads, for every committed stack: a folder a service, one for the platform, the ApplicationSets and the
 * root applications. One object a file.
 * @param observed boards and rules, as they are rendered beside
 * @throws Error for what must not stand in Git: a Secret with data, an unknown value, an object twice, one without namespace
 */
export function gitopsFiles(
  topology: Topology,
  root: string,
  observed: StackContext['observed'],
): readonly GitopsFile[] {
  const contexts = stackNames(root).map((stack) => contextOf(topology, root, stack, observed))
  const roots = contexts.filter(({ settings }) => settings.delivery === 'gitops')
  return [
    ...contexts.flatMap(environmentFiles),
    ...contexts.map(({ settings }) => ({
      path: `gitops/appsets/${settings.stack}.yaml`,
      objects: [applicationSet({ settings, topology })],
    })),
    { path: 'gitops/root.yaml', objects: roots.map(({ settings }) => rootApplication(settings)) },
  ]
}

/** A stack as Argo CD would deliver it; whether it does is the stack's setting. */
function contextOf(
  topology: Topology,
  root: string,
  stack: string,
  observed: StackContext['observed'],
): StackContext {
  const settings = readStack(root, stack)
  const versions = readVersions(root, stack)
  return {
    topology,
    settings,
    observed,
    image: ({ name }) => ({
      tag: versions[name]?.tag ?? unreleased,
      reference: referenceOf(settings.images.prefix, name, versions),
    }),
  }
}

/** Every object of a stack that Argo CD may own, with what it must know of each. */
export function environmentFiles(context: StackContext): readonly GitopsFile[] {
  const { settings, topology } = context
  const delivered = { ...context, settings: { ...settings, delivery: 'gitops' as const } }
  const folders = [
    ['platform', platformObjects(delivered)] as const,
    ...topology.services.map(
      (service) => [service.name, serviceObjects(service, delivered)] as const,
    ),
  ]
  const files = folders.flatMap(([folder, objects]) =>
    objects.map((object) => ({
      path: `gitops/${settings.stack}/${folder}/${fileName(object)}`,
      objects: [annotated(object, settings.protect)],
    })),
  )
  assertCommittable(files.flatMap(({ objects }) => objects))
  return files
}

const fileName = ({ kind, metadata }: KubernetesObject): string =>
  `${kind.toLowerCase()}-${metadata.name}.yaml`

/** @throws Error that names the object and the field */
export function assertCommittable(objects: readonly KubernetesObject[]): void {
  const seen = new Set<string>()
  for (const object of objects) {
    const identity = identityOf(object)
    if (seen.has(identity)) throw new Error(`${identity} would be rendered twice.`)
    seen.add(identity)
    if (object.metadata.namespace === undefined)
      throw new Error(`${identity} has no namespace; Argo CD makes nothing of the cluster's own.`)
    if (object.kind === 'Secret' && ('data' in object || 'stringData' in object))
      throw new Error(`${identity} holds secret data, which must not stand in Git.`)
    assertPlain(object, identity)
  }
}

/** Only what YAML can say: an unknown value of Pulumi, a function or a missing value is a mistake. */
function assertPlain(value: unknown, path: string): void {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return
  const plain = Array.isArray(value) || Object.getPrototypeOf(value ?? 0) === Object.prototype
  if (!plain) throw new Error(`${path} is not known when rendering (${typeof value}).`)
  for (const [key, part] of Object.entries(value as object)) assertPlain(part, `${path} ${key}`)
}
