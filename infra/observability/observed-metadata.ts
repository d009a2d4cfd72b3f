import { namespacesOf } from '../endpoints.ts'
import { labelsOf, type Metadata } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'

/** Metadata of an object of the stack's namespace for what observes. @param part whose it is, by default its own */
export const metadataOf = (
  name: string,
  component: string,
  { stack }: Pick<Settings, 'stack'>,
  part: string = name,
): Metadata => ({
  name,
  namespace: namespacesOf(stack).observability,
  labels: labelsOf(part, component, stack),
})
