import type { Topology } from '../../services/model/topology.ts'
import { fault, nothing, type Fault } from './fault.ts'

/** Instances of the services that run more than once, service by service. */
export const twins = (
  { services }: Pick<Topology, 'services'>,
  running: ReadonlySet<string>,
): readonly string[] =>
  services.flatMap(({ name }) => {
    const instances = [...running].filter(
      (one) => one.startsWith(`${name}-`) && /^\d+$/.test(one.slice(name.length + 1)),
    )
    return instances.length > 1 ? instances.sort() : []
  })

/** No fault at all: instances are stopped and started one after the other, as a release does. Not one request fails. */
export const rollingRestart = (names: readonly string[]): Fault =>
  fault({
    name: 'rolling-restart',
    says: 'every instance that has a twin is stopped and started, one after the other',
    sparedShare: 0,
    lastsMs: { least: 0, most: 0 },
    inject: async ({ restart }) => {
      for (const name of names) await restart(name)
      return nothing
    },
  })
