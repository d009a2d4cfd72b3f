import { join } from 'node:path'
import type { Service } from '../../services/model/service.ts'
import { topology } from '../../services/topology.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { readStack } from '../stacks.ts'
import { platformObjects, serviceObjects } from './objects.ts'
import { renderedObserved } from './rendered-observed.ts'
import type { StackContext } from './stack-context.ts'

const root = join(import.meta.dirname, '../..')

/** A committed stack whose images are released. */
export const contextOf = (stack: string, changed: Partial<Settings> = {}): StackContext => ({
  topology,
  settings: { ...readStack(root, stack), ...changed },
  image: ({ name }) => ({
    tag: '1.0.0',
    reference: `registry.example.com/maru/${name}:1.0.0@sha256:${'0'.repeat(64)}`,
  }),
  observed: renderedObserved(root, topology),
})

/** All that follows from services and topics in a stack. */
export const stackObjects = (context: StackContext): readonly KubernetesObject[] => [
  ...platformObjects(context),
  ...context.topology.services.flatMap((service) => serviceObjects(service, context)),
]

/** A service's object of that kind. @throws Error when there is none */
export function objectOf(kind: string, service: Service, context: StackContext): KubernetesObject {
  const found = serviceObjects(service, context).find((object) => object.kind === kind)
  if (!found) throw new Error(`${service.name} has no ${kind}.`)
  return found
}
