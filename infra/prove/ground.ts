import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Proxy } from '../../services/kit/testing/proxy.ts'
import type { Random } from '../../services/kit/testing/random.ts'
import { textsOf } from '../../services/kit/testing/records.ts'
import { append } from '../../services/kit/testing/topic-log.ts'
import type { Topic } from '../../services/model/topic.ts'
import { serviceNamed } from '../../services/model/topology.ts'
import type { Ground, Heal } from '../drill/drill.ts'
import { kept } from '../local/kept.ts'
import type { Here } from '../local/addresses.ts'
import type { Supervisor } from '../local/supervisor/client.ts'
import { serviceReady, specOf } from '../local/up/service-jobs.ts'
import type { Platform } from '../verify/check.ts'
import type { Edge, Wires } from './wires.ts'

/** What a fault of the trials may do beyond what a drill does. */
export interface ProvingGround extends Ground {
  /** The wire on an edge that the fault names in `wires`. */
  wire(edge: Edge): Proxy
  /** Moves the clock of a service that the fault names in `clocks`. */
  shift(service: string, seconds: number): Promise<Heal>
  /** Locks the catalogue's table, so that nobody reads or writes it. */
  lockTitles(): Promise<Heal>
  /** Stops an instance as `down` would and starts it again; resolves when it is ready. */
  restart(name: string): Promise<void>
  /** One more replica of a service, which nobody asks anything: it only joins and leaves the service's groups. */
  join(service: string): Heal
  /** Appends what a topic got in the last seconds once or several times more, in another order. */
  again(topic: Topic, random: Random): Promise<void>
}

const lookBackMs = 5000
const mostCopies = 3
const readWithinMs = 30_000

/** @param wires undefined while services speak to their servers themselves */
export const provingGround = (
  ground: Ground,
  {
    here,
    supervisor,
    platform,
    wires,
  }: {
    readonly here: Here
    readonly supervisor: Supervisor
    readonly platform: Pick<Platform, 'kafka' | 'postgres'>
    wires(): Wires | undefined
  },
): ProvingGround => ({
  ...ground,
  wire: (edge) => plugged(wires).of(edge),
  shift: async (service, seconds) => {
    const clock = plugged(wires).clockOf(service)
    await clock.shift(seconds)
    return () => clock.shift(0)
  },
  restart: async (name) => {
    await supervisor.restart([name])
    await serviceReady(name, here, supervisor)
  },
  lockTitles: () => lock(platform.postgres['catalog'], 'catalog'),
  join: (service) => {
    const { argv, env } = specOf(serviceNamed(here.topology, service), 1, here)
    const place = { INSTANCE: `${service}-more`, PORT: '0', ADMIN_PORT: '0' }
    const script = '"$@" & cat >/dev/null; kill "$!"; wait'
    return kept(script, argv, { ...process.env, ...env, ...place })
  },
  again: async (topic, random) => {
    const shelf = { bootstrap: platform.kafka, prefix: '' }
    const records = await textsOf(shelf, topic, readWithinMs, Date.now() - lookBackMs)
    const copies = records.flatMap(({ key, value, headers }) =>
      Array.from({ length: 1 + Math.floor(random() * mostCopies) }, () => ({
        order: random(),
        record: { key, value, headers },
      })),
    )
    const mixed = copies.sort((one, other) => one.order - other.order)
    await append(
      platform.kafka,
      topic.name,
      mixed.map(({ record }) => record),
    )
  },
})

function plugged(wires: () => Wires | undefined): Wires {
  const all = wires()
  if (all === undefined) throw new Error('No wires are plugged in.')
  return all
}

/** A table that a transaction holds until it is healed; our end is its end. */
async function lock(url: string | undefined, table: string): Promise<Heal> {
  const client = new pg.Client(url)
  await client.connect()
  client.on('error', () => undefined)
  await client.query('begin')
  await client.query(`lock table ${table} in access exclusive mode`)
  return () => client.end()
}

/** Members that come and go: each joins, is there for a while and leaves. */
export async function storm(
  { join }: Pick<ProvingGround, 'join'>,
  service: string,
  { rounds, everyMs }: { readonly rounds: number; readonly everyMs: number },
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const leave = join(service)
    await delay(everyMs)
    await leave()
  }
}
