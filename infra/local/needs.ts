import type { Store } from '../../services/model/store.ts'
import { adminOffset, speaksKafka, type Service } from '../../services/model/service.ts'
import { engines } from './engines/engines.ts'
import type { Engine } from './engines/engine.ts'
import type { Listener } from './port-plan.ts'

/** Engines that keep what the services declare; a service starts when those that it needs are ready. */
export const vitalFor = (service: Service): readonly string[] => [
  ...new Set([...service.stores, ...service.reads].map((store: Store) => store.engine)),
  ...(speaksKafka(service) ? ['kafka'] : []),
]

/** Engines that look at the whole platform; left out where only some services run. */
const observers = [
  ...['prometheus', 'alertmanager', 'grafana'],
  ...['postgres-exporter', 'mariadb-exporter', 'redis-exporter'],
]

/** Trace stores in the order of choice: one of them runs. */
export const traceStores = ['tempo', 'zipkin'] as const

/** Engines for these services; with `observed` also those that watch them. */
export function enginesFor(services: readonly Service[], observed: boolean): readonly Engine[] {
  const names = new Set([
    ...services.flatMap(vitalFor),
    ...traceStores,
    ...(observed ? observers : []),
  ])
  // Who looks at an engine is left out with it.
  return Object.values(engines).filter(
    ({ name, after = [] }) => names.has(name) && after.every((one) => names.has(one)),
  )
}

/** Name of an instance: `rank-1`. */
export const instanceName = (service: Service, instance: number): string =>
  `${service.name}-${instance}`

/** Everything that listens, with preferred ports; further replicas begin at the port of the first. */
export const listenersFor = (
  services: readonly Service[],
  replicas: Readonly<Record<string, number>>,
): readonly Listener[] => [
  ...Object.values(engines).map(({ name, ports }) => ({ name, preferred: ports })),
  ...services.flatMap((service) =>
    Array.from({ length: Math.max(1, replicas[service.name] ?? 1) }, (_, at) => ({
      name: instanceName(service, at + 1),
      preferred: { main: service.port, admin: service.port + adminOffset },
    })),
  ),
]
