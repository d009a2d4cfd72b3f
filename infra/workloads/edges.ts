import type { Service } from '../../services/model/service.ts'
import type { StoreKind } from '../../services/model/store.ts'
import { frontedOf, issuerOf, type Topology } from '../../services/model/topology.ts'

/** Services that call `callee` over HTTP: by declaration, because they front it, or to verify and get tokens. */
export const callersOf = (topology: Topology, callee: Service): readonly Service[] =>
  topology.services.filter((one) => calleesOf(topology, one).includes(callee))

/** Services that `caller` calls over HTTP. */
export function calleesOf(topology: Topology, caller: Service): readonly Service[] {
  const fronted = caller.fronts === 'all' ? frontedOf(topology) : []
  const issuer = issuerOf(topology)
  const all = new Set([...caller.calls, ...fronted, ...(asksForKeys(caller) ? [issuer] : [])])
  all.delete(caller)
  return [...all]
}

/** Engines that a service keeps data in or reads from. */
export const enginesOf = (service: Service): readonly StoreKind[] => [
  ...new Set([...service.stores, ...service.reads].map((store) => store.engine)),
]

/** Verifies tokens of its callers or gets one of its own; the front door verifies for all. */
const asksForKeys = ({ api, identity, fronts }: Service): boolean =>
  identity !== undefined ||
  fronts === 'all' ||
  Object.values(api).some(({ access }) => access !== 'public')
