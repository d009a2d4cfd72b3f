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
  const args = annotated(object)
  const own = constructorOf(object)
  return own
    ? new own(name, args, options)
    : new k8s.apiextensions.CustomResource(name, args, options)
}

const annotated = (object: KubernetesObject) => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: {
      'pulumi.com/patchForce': 'true',
      ...waiting(object),
      ...object.metadata.annotations,
    },
  },
})

const ready = 'condition=Ready'

/** What of a custom object says that it is there; without a word Pulumi would go on at once. */
const readyWhen: Readonly<Record<string, string>> = {
  'kafka.strimzi.io/Kafka': ready,
  'kafka.strimzi.io/KafkaTopic': ready,
  'kafka.strimzi.io/KafkaUser': ready,
  'postgresql.cnpg.io/Cluster': ready,
  'postgresql.cnpg.io/Database': 'jsonpath={.status.applied}=true',
  'postgresql.cnpg.io/DatabaseRole': 'jsonpath={.status.applied}=true',
  'k8s.mariadb.com/MariaDB': ready,
  'opensearch.org/OpenSearchCluster': 'jsonpath={.status.phase}=RUNNING',
  'external-secrets.io/ExternalSecret': ready,
}

/** A Service has no endpoints until its Deployment is ready, which is awaited by itself. */
function waiting({ apiVersion, kind }: KubernetesObject): Readonly<Record<string, string>> {
  if (kind === 'Service') return { 'pulumi.com/skipAwait': 'true' }
  const waitFor = readyWhen[`${apiVersion.split('/')[0]}/${kind}`]
  return waitFor === undefined ? {} : { 'pulumi.com/waitFor': waitFor }
}

/** `networking.k8s.io/v1` → `k8s.networking.v1`; undefined for custom kinds. */
function constructorOf({ apiVersion, kind }: KubernetesObject): Constructor | undefined {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
  const own = !group?.includes('.') || group.endsWith('.k8s.io')
  if (!own || group === 'gateway.networking.k8s.io') return undefined
  const groups = k8s as unknown as Record<string, Record<string, Record<string, Constructor>>>
  return groups[group?.split('.')[0] ?? '']?.[version ?? '']?.[kind]
}
