import { join } from 'node:path'
import { storeVariable } from '../../services/kit/bindings.ts'
import { kafkaWire } from '../../services/kit/testing/kafka-wire.ts'
import { startProxy, type Proxy } from '../../services/kit/testing/proxy.ts'
import type { Service } from '../../services/model/service.ts'
import { serviceNamed } from '../../services/model/topology.ts'
import type { Heal } from '../drill/drill.ts'
import { kept } from '../local/kept.ts'
import type { Here } from '../local/addresses.ts'
import { instanceName } from '../local/needs.ts'
import { placeOf } from '../local/sites.ts'
import type { Supervisor } from '../local/supervisor/client.ts'
import { serviceReady, specOf } from '../local/up/service-jobs.ts'

/** The way from a service to a server that it uses. */
export interface Edge {
  readonly service: string
  readonly engine: Engine
}

export type Engine = 'kafka' | 'redis' | 'postgres' | 'opensearch'

/** Services whose ways to their servers lead through us. */
export interface Wires {
  /** @throws Error when there is no wire on this edge */
  of(edge: Edge): Proxy
  /** Lets every service speak to its servers itself again. */
  unplug: Heal
}

/**
 * Starts the services of these edges anew, with a wire on each edge. Should we be killed, `./maru up` starts them as
 * they were.
 */
export async function plugIn(
  edges: readonly Edge[],
  here: Here,
  supervisor: Supervisor,
): Promise<Wires> {
  const wires = new Map<string, { readonly edge: Edge; readonly wire: Proxy }>()
  for (const edge of edges)
    if (!wires.has(keyOf(edge))) wires.set(keyOf(edge), { edge, wire: await wireTo(edge, here) })
  const services = [...new Set(edges.map(({ service }) => service))].map((name) =>
    serviceNamed(here.topology, name),
  )
  const restart = (more: (service: Service) => Readonly<Record<string, string>>): Promise<void[]> =>
    Promise.all(
      services.map(async (service) => {
        const spec = specOf(service, 1, here)
        await supervisor.start({ ...spec, env: { ...spec.env, ...more(service) } }, true)
        await serviceReady(instanceName(service, 1), here, supervisor)
      }),
    )
  const safe = kept('read healed || "$1" up', [join(here.where.root, 'maru')])
  await restart((service) =>
    Object.assign(
      {},
      ...[...wires.values()]
        .filter(({ edge }) => edge.service === service.name)
        .map(({ edge, wire }) => through(service, edge.engine, wire.port)),
    ),
  )
  return {
    of: (edge) => {
      const found = wires.get(keyOf(edge))
      if (found) return found.wire
      throw new Error(`There is no wire from ${edge.service} to ${edge.engine}.`)
    },
    unplug: async () => {
      await restart(() => ({}))
      await safe()
      for (const { wire } of wires.values()) await wire.close()
    },
  }
}

const keyOf = ({ service, engine }: Edge): string => `${service} ${engine}`

const wireTo = ({ engine }: Edge, { installation }: Here): Promise<Proxy> => {
  const { host, port } = placeOf(engine, installation)
  if (host !== '127.0.0.1')
    throw new Error(`${engine} is on ${host}: wires lead to servers of this machine only.`)
  return engine === 'kafka' ? kafkaWire(port) : startProxy(port)
}

/** What tells a service of the wire instead of the server. */
const through = (service: Service, engine: Engine, port: number): Record<string, string> =>
  engine === 'kafka'
    ? { KAFKA_BOOTSTRAP: `127.0.0.1:${port}` }
    : Object.fromEntries(
        [...service.stores, ...service.reads]
          .filter((store) => store.engine === engine)
          .map((store) => [storeVariable(store, 'PORT'), String(port)]),
      )
