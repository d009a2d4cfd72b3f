import { foundationObjects } from '../foundation/foundation-objects.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { observabilityObjects } from '../observability/observability.ts'
import { contextOf, stackObjects } from '../workloads/testing.ts'
import { concerns } from './check.ts'
import type { Draft, ObjectRule } from './rule.ts'

/** All objects of a committed stack, with released images. */
export function objectsOf(stack: string): readonly KubernetesObject[] {
  const context = contextOf(stack)
  return [
    ...foundationObjects(context),
    ...observabilityObjects(context.settings),
    ...stackObjects(context),
  ]
}

/** A real object that keeps a rule, and the same one made bad. */
export function fixturesOf(
  rule: ObjectRule,
  objects: readonly KubernetesObject[],
): { readonly good: KubernetesObject; readonly bad: KubernetesObject } {
  const ours = ({ metadata }: KubernetesObject): boolean =>
    ['service', 'migration', 'topic'].includes(
      metadata.labels?.['app.kubernetes.io/component'] ?? '',
    )
  const able = objects.filter((one) => concerns(rule, one) && (rule.good?.(one) ?? true))
  const good = able.find(ours) ?? able[0]
  if (!good) throw new Error(`No object of the stack is about ${rule.id}.`)
  const bad = structuredClone(good) as Draft
  rule.bad(bad)
  return { good, bad: bad as KubernetesObject }
}
