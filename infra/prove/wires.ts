import { join } from 'node:path'
import { serviceVariableName, storeVariable } from '../../services/kit/bindings.ts'
import { kafkaWire } from '../../services/kit/testing/kafka-wire.ts'
import { startProxy, type Proxy } from '../../services/kit/testing/proxy.ts'
import type { Service } from '../../services/model/service.ts'
import { serviceNamed } from '../../services/model/topology.ts'
import type { Heal } from '../drill/drill.ts'
import { clockOf, type Clock } from './clock.ts'
import { kept } from '../local/kept.ts'
import { urlOf, type Here } from '../local/addresses.ts'
import { instanceName } from '../local/needs.ts'
import { placeOf } from '../local/sites.ts'
import type { Supervisor } from '../local/supervisor/client.ts'
import { serviceReady, specOf } from '../local/up/service-jobs.ts'

/** The way from a service to a server that it uses. */
export interface Edge {
  readonly service: string
  readonly server: Server
}

/** An engine, or a service that others call. */
export type Server = 'kafka' | 'redis' | 'postgres' | 'mariadb' | 'opensearch' | 'pg-mock'

/** Services whose ways to their servers lead through us. */
export interface Wires {
  /** @throws Error when there is no wire on this edge */
  of(edge: Edge): Proxy
  /** @throws Error when the clock of this service cannot be moved */
  clockOf(service: string): Clock
  /** Lets every service speak to its servers itself again. */
  unplug: Heal
}

/** What is different for services while they are proven. */
export interface Rigging {
  readonly edges: readonly Edge[]
  /** Services whose clocks can be moved. */
  readonly clocks: readonly string[]
  /** By service. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/**
 * Starts services anew: those of the edges, with a wire on each edge, and those that have other settings or
 * clocks. Should we be
 * killed, `./maru up` starts them as they were.
 */
export async function plugIn(
  { edges, clocks: moved, settings }: Rigging,
  here: Here,
  supervisor: Supervisor,
): Promise<Wires> {
  const wires = new Map<string, { readonly edge: Edge; readonly wire: Proxy }>()
  for (const edge of edges)
    if (!wires.has(keyOf(edge))) wires.set(keyOf(edge), { edge, wire: await wireTo(edge, here) })
  const clocks = new Map<string, Clock>()
  for (const name of moved) clocks.set(name, await clockOf(name, here.where))
  const names = [...moved, ...edges.map(({ service }) => service), ...Object.keys(settings)]
  const services = [...new Set(names)].map((name) => serviceNamed(here.topology, name))
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
      { ...settings[service.name], ...clocks.get(service.name)?.env },
      ...[...wires.values()]
        .filter(({ edge }) => edge.service === service.name)
        .map(({ edge, wire }) => through(service, edge.server, wire.port)),
    ),
  )
  return {
    of: (edge) => {
      const found = wires.get(keyOf(edge))
      if (found) return found.wire
      throw new Error(`There is no wire from ${edge.service} to ${edge.server}.`)
    },
    clockOf: (service) => {
      const found = clocks.get(service)
      if (found) return found
      throw new Error(`The clock of ${service} cannot be moved.`)
    },
    unplug: async () => {
      await restart(() => ({}))
      await safe()
      for (const { wire } of wires.values()) await wire.close()
    },
  }
}

const keyOf = ({ service, server }: Edge): string => `${service} ${server}`

const wireTo = ({ server }: Edge, { installation }: Here): Promise<Proxy> => {
  if (server === 'pg-mock')
    return startProxy(Number(new URL(urlOf(`${server}-1`, installation)).port))
  const { host, port } = placeOf(server, installation)
  if (host !== '127.0.0.1')
    throw new Error(`${server} is on ${host}: wires lead to servers of this machine only.`)
  return server === 'kafka' ? kafkaWire(port) : startProxy(port)
}

/** What tells a service of the wire instead of the server. */
function through(service: Service, server: Server, port: number): Record<string, string> {
  if (server === 'kafka') return { KAFKA_BOOTSTRAP: `127.0.0.1:${port}` }
  if (server === 'pg-mock') return { [serviceVariableName(server)]: `http://127.0.0.1:${port}` }
  return Object.fromEntries(
    [...service.stores, ...service.reads]
      .filter((store) => store.engine === server)
      .map((store) => [storeVariable(store, 'PORT'), String(port)]),
  )
}
