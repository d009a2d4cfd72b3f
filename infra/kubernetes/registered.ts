import * as k8s from '@pulumi/kubernetes'
import type * as pulumi from '@pulumi/pulumi'
import type { KubernetesObject } from './object.ts'

type Constructor = new (
  name: string,
  args: object,
  options: pulumi.CustomResourceOptions,
) => pulumi.CustomResource

/** How Pulumi is told of an object; `resourceName` defaults to the object's name: the type is part of the URN. */
export interface Registration extends pulumi.CustomResourceOptions {
  readonly resourceName?: string
}

/**
 * Registers a plain object with Pulumi: typed classes for Kubernetes' own kinds, `CustomResource` for all others. The
 * one door between the objects that are rendered and those that Pulumi owns, so that both are the same.
 * Drift by another field manager is taken back (`patchForce`).
 * @returns the resource, to depend on
 */
export function register(
  object: KubernetesObject,
  { resourceName, ...options }: Registration,
): pulumi.CustomResource {
  const name = resourceName ?? object.metadata.name
  const args = withPatchForce(object)
  const own = constructorOf(object)
  return own
    ? new own(name, args, options)
    : new k8s.apiextensions.CustomResource(name, args, options)
}

const withPatchForce = (object: KubernetesObject) => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { 'pulumi.com/patchForce': 'true', ...object.metadata.annotations },
  },
})

/** `networking.k8s.io/v1` → `k8s.networking.v1`; undefined for custom kinds. */
function constructorOf({ apiVersion, kind }: KubernetesObject): Constructor | undefined {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
  const own = !group?.includes('.') || group.endsWith('.k8s.io')
  if (!own || group === 'gateway.networking.k8s.io') return undefined
  const groups = k8s as unknown as Record<string, Record<string, Record<string, Constructor>>>
  return groups[group?.split('.')[0] ?? '']?.[version ?? '']?.[kind]
}
