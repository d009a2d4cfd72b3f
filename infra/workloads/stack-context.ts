import type { Input } from '@pulumi/pulumi'
import type { Service } from '../../services/model/service.ts'
import type { Topology } from '../../services/model/topology.ts'
import { namespacesOf } from '../endpoints.ts'
import { labelsOf, selectorOf, type KubernetesObject, type Metadata } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'

/** An image: its tag is known before it is built, its full reference (with the digest) perhaps only after. */
export interface Image {
  readonly tag: string
  readonly reference: Input<string>
}

/** Boards and rules as they were rendered: the same content wherever it is shown. */
export interface Observed {
  readonly boards: readonly ObservedBoard[]
  readonly rules: readonly ObservedRules[]
}

export interface ObservedBoard {
  readonly uid: string
  /** Grafana folder in which it appears. */
  readonly folder: string
  readonly json: string
}

export interface ObservedRules {
  readonly name: string
  /** `{ name, rules }` */
  readonly groups: readonly unknown[]
}

/** What the objects of one stack are derived from. */
export interface StackContext {
  readonly topology: Topology
  readonly settings: Settings
  image(service: Service): Image
  /** Of a service, or what belongs to no single one. */
  observed(owner: Service | 'platform'): Observed
}

/** Metadata of an object of the stack's own namespace. @param component what it is: `service`, `topic`, … */
export const metadataOf = (
  name: string,
  component: string,
  { settings: { stack } }: Pick<StackContext, 'settings'>,
  part: string = name,
): Metadata => ({
  name,
  namespace: namespacesOf(stack).platform,
  labels: labelsOf(part, component, stack),
})

/** An object of the stack's own namespace that belongs to a service. */
export const owned = (
  service: Service,
  context: StackContext,
  { apiVersion, kind, name = service.name, ...rest }: Owned,
): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: metadataOf(name, 'service', context, service.name),
  ...rest,
})

interface Owned {
  readonly apiVersion: string
  readonly kind: string
  readonly name?: string
  readonly [field: string]: unknown
}

/** Labels of the pods that serve: a migration of the same service is not among them. */
export const serving = (
  { name }: Service,
  { settings: { stack } }: Pick<StackContext, 'settings'>,
) => ({
  ...selectorOf(name, stack),
  'app.kubernetes.io/component': 'service',
})
