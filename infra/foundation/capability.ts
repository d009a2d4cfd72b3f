import * as pulumi from '@pulumi/pulumi'
import { identityOf, type KubernetesObject } from '../kubernetes/object.ts'
import { register } from '../kubernetes/registered.ts'
import type { Settings } from '../settings.ts'

/** Kinds whose end would be the end of data, and the namespaces around them. */
const holdsData = [
  'Namespace',
  'Kafka',
  'KafkaNodePool',
  'Cluster',
  'MariaDB',
  'OpenSearchCluster',
  'StatefulSet',
]

/** One part of the foundation: a component over the plain objects that it is made of. */
export class Capability extends pulumi.ComponentResource {
  /**
   * @param kind last word of the type token, e.g. `Kafka` → `maru:foundation:Kafka`
   * @param objects registered as children, under their own names
   * @param settings where `protect` is set, what holds data is neither deleted nor replaced, and outlives the stack
   */
  constructor(
    kind: string,
    name: string,
    objects: readonly KubernetesObject[],
    settings: Pick<Settings, 'protect'>,
    options: pulumi.ComponentResourceOptions,
  ) {
    super(`maru:foundation:${kind}`, name, {}, options)
    for (const object of objects) {
      const kept = settings.protect && holdsData.includes(object.kind)
      register(object, { parent: this, ...(kept && { protect: true, retainOnDelete: true }) })
    }
    this.registerOutputs({ objects: objects.map(identityOf) })
  }
}
