/** A Kubernetes object as plain data: what is rendered, checked, and registered with Pulumi. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
  readonly [field: string]: unknown
}

export interface Metadata {
  readonly name: string
  /** Absent on cluster-scoped kinds only. */
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** Says which object it is, e.g. `apps/Deployment maru-dev/gateway`; versions of one group mean the same object. */
export function identityOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? `${apiVersion.split('/')[0]}/` : ''
  return `${group}${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`
}

/** What every object of Maru carries, so that admission rules, selectors and people find it. */
export const partOf = { 'app.kubernetes.io/part-of': 'maru' } as const

/**
 * Recommended labels of Kubernetes for one part of the platform.
 * @param name the part, e.g. `gateway`
 * @param component what it is: `service`, `migration`, `kafka`, …
 * @param stack name of the stack, the `instance`
 */
export const labelsOf = (
  name: string,
  component: string,
  stack: string,
): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/instance': stack,
  'app.kubernetes.io/component': component,
  ...partOf,
})

/** The labels that select a part's pods: they never change, since selectors of a Deployment cannot. */
export const selectorOf = (name: string, stack: string): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/instance': stack,
})
