import type { CustomResource, Resource } from '@pulumi/pulumi'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { register } from '../kubernetes/registered.ts'
import type { Settings } from '../settings.ts'

/**
 * Registers the objects of a component. Where the stack is protected, what holds data is neither deleted nor replaced,
 * and outlives the stack.
 * @returns the resources, to depend on
 */
export const registerAll = (
  objects: readonly KubernetesObject[],
  { protect }: Pick<Settings, 'protect'>,
  parent: Resource,
): readonly CustomResource[] =>
  objects.map((object) => {
    const kept = protect && object.kind === 'StatefulSet'
    // Roles of one server stand in several namespaces under one name.
    const { name, namespace } = object.metadata
    return register(object, {
      parent,
      resourceName: namespace === undefined ? name : `${namespace}/${name}`,
      ...(kept && { protect: true, retainOnDelete: true }),
    })
  })
