import { testServers } from '../local/engines/testing.ts'
import type { Running, Start } from '../../services/kit/boot.ts'
import { bench, type Bench } from '../../services/kit/testing.ts'
import { folderOf, type Service } from '../../services/model/service.ts'
import { withNeeds } from '../../services/model/topology.ts'
import { topology } from '../../services/topology.ts'

/** Every service of the topology, running on real servers, with the front door before them. */
export interface Constellation {
  readonly place: Bench
  readonly running: ReadonlyMap<Service, Running>
  readonly gateway: string
  stop(): Promise<void>
}

const frontDoor = topology.services.filter(({ fronts }) => fronts === 'all')

/** Starts them all, callees first; a new service is among them without an edit. */
export async function constellation(): Promise<Constellation> {
  const tested = await testServers('kafka', 'postgres', 'mariadb', 'redis', 'opensearch')
  const place = await bench(topology, tested.servers)
  const running = new Map<Service, Running>()
  const behind = withNeeds(topology, topology.services).filter((one) => !frontDoor.includes(one))
  for (const service of [...behind, ...frontDoor]) {
    const module = new URL(`../../${folderOf(service)}/start.ts`, import.meta.url)
    const { start } = (await import(module.href)) as { start: Start }
    running.set(service, await place.start(service, start))
  }
  const [door] = frontDoor
  return {
    place,
    running,
    gateway: (door && running.get(door)?.url) ?? '',
    stop: async () => {
      await place.stop()
      await tested.stop()
    },
  }
}
