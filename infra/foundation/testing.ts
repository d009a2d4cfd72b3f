import { join } from 'node:path'
import { topology } from '../../services/topology.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { readStack } from '../stacks.ts'
import { foundationObjects } from './foundation-objects.ts'

export const stacks = ['dev', 'prod'] as const

/** Settings of a committed stack, with what a test changes. */
export const settingsOf = (stack: string, changed: Partial<Settings> = {}): Settings => ({
  ...readStack(join(import.meta.dirname, '../..'), stack),
  ...changed,
})

/** The foundation of a stack, with the services as they are declared. */
export const objectsOf = (settings: Settings): readonly KubernetesObject[] =>
  foundationObjects({ settings, topology })

/** The only object of a kind. @throws Error when there are none or several */
export function only<Spec>(
  kind: string,
  objects: readonly KubernetesObject[],
): KubernetesObject & { readonly spec: Spec } {
  const found = objects.filter((object) => object.kind === kind)
  if (found.length !== 1) throw new Error(`There are ${found.length} objects of kind ${kind}.`)
  return found[0] as KubernetesObject & { readonly spec: Spec }
}

/** Every value that stands under `key`, at any depth. */
export function valuesAt(key: string, within: unknown): readonly unknown[] {
  if (typeof within !== 'object' || within === null) return []
  return Object.entries(within).flatMap(([name, value]) => [
    ...(name === key ? [value] : []),
    ...valuesAt(key, value),
  ])
}
