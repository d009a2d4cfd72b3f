import { store } from '../../services/model/store.ts'
import { applicationSet } from '../delivery/applications.ts'
import { deliveryObjects } from '../delivery/delivery.ts'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { databaseObjects } from '../workloads/databases.ts'
import type { StackContext } from '../workloads/stack-context.ts'
import { contextOf, stackObjects } from '../workloads/testing.ts'
import { kindOf, type Kind } from './kinds.ts'

/** All objects of the committed stacks. */
export const writtenObjects = (): readonly KubernetesObject[] =>
  ['dev', 'prod'].flatMap((stack) => objectsOf(contextOf(stack)))

/** One object of every custom kind that some stack may have. */
export function oneOfEachKind(): ReadonlyMap<Kind, KubernetesObject> {
  const found = new Map<Kind, KubernetesObject>()
  for (const object of [...writtenObjects(), ...rareObjects()]) {
    const kind = kindOf(object)
    if (kind && !found.has(kind)) found.set(kind, object)
  }
  return found
}

const objectsOf = (context: StackContext): readonly KubernetesObject[] => [
  ...stackObjects(context),
  ...foundationObjects(context),
  ...deliveryObjects(context),
  applicationSet(context),
]

/** What no committed stack has: backups, and a service that keeps its data in MariaDB. */
function rareObjects(): readonly KubernetesObject[] {
  const context = contextOf('prod')
  const { settings, topology } = context
  const [service] = topology.services
  if (!service) return []
  const stores = [store('mariadb', 'ledger', { summary: 'A ledger.' })]
  const postgres = { ...settings.postgres, backups: 's3://backups/postgres' }
  return [
    ...databaseObjects({ ...service, stores }, context),
    ...foundationObjects({ settings: { ...settings, postgres }, topology }),
  ]
}
