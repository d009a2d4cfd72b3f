import type { SqlEngine } from '../services/kit/sql.ts'
import { shopOn } from '../services/kit/testing/shop.ts'
import { until } from '../services/kit/testing/until.ts'
import type { Benchmark, Figures } from './benchmark.ts'
import { measured, ownService, told } from './contender.ts'
import { stepAside } from './cores.ts'
import type { Lab, LabServer } from './lab.ts'
import type { Sold } from './relay/seller.ts'
import { standOf, type Stand } from './relay/setting.ts'
import { versionOf } from './package-version.ts'
import { inTurns } from './rounds.ts'
import { percentilesOf } from './statistics.ts'

const load = 'backlog'
/** So many events a second of the asked time are in the backlog; as many again come before them, to warm up. */
const backlogPerSecond = 4000
const perSecond = 500
const steadily = `open, ${perSecond}/s`
const carriedWithinMs = 120_000
/** Events that are still on their way when the load ends. */
const readWithinMs = 10_000
const warmUpSeconds = 2

/** How fast committed events come to their topic, and how soon. */
export const relay: Benchmark = {
  name: 'relay',
  summary:
    'events a second from the outbox to Kafka, and the time from the commit until a reader has them',
  load,
  goals: [
    { ours: 'maru', peer: 'graphile-worker, batched, to Kafka', of: 'rate', bound: 1 },
    { ours: 'maru', peer: 'graphile-worker, batched, empty jobs', of: 'rate', bound: 1 },
    { ours: 'maru', peer: 'a poll every 250 ms', of: 'p99', bound: 0.33, load: steadily },
    { ours: 'maru', of: 'p99', bound: 50 },
  ],
  run: async (lab) => {
    stepAside()
    const kafka = await lab.server('kafka')
    const [mariadb, postgres] = [await lab.server('mariadb'), await lab.server('postgres')]
    const outbox = { engine: 'mariadb', server: mariadb } as const
    const jobs = {
      ...({ engine: 'postgres', server: postgres, main: 'graphile-worker.ts' } as const),
      ...{ counts: true, measure: [drained] },
    }
    const couriers: readonly Courier[] = [
      { name: 'maru', ...outbox, main: 'ours.ts', measure: [drained, poured] },
      { name: 'graphile-worker, batched, to Kafka', ...jobs },
      { name: 'graphile-worker, batched, empty jobs', ...jobs, env: { EMPTY: '1' } },
      { name: 'a poll every 250 ms', ...outbox, main: 'poll-every-250-ms.ts', measure: [poured] },
    ]
    const turns = await inTurns(lab, couriers, (one) => turn(lab, kafka, one))
    const versions = { kafka: kafka.version, mariadb: mariadb.version, postgres: postgres.version }
    return { turns, versions: { ...versions, 'graphile-worker': versionOf('graphile-worker') } }
  },
}

/** Somebody who carries events to their topic. */
interface Courier {
  readonly name: string
  /** Program in `relay/`. */
  readonly main: string
  /** Where its events wait. */
  readonly engine: SqlEngine
  readonly server: LabServer
  readonly env?: Readonly<Record<string, string>>
  /** Whether it counts by itself what it has carried; of others the topic is asked. */
  readonly counts?: boolean
  readonly measure: readonly ((one: Running) => Promise<Figures>)[]
}

interface Running {
  readonly lab: Lab
  readonly pid: number
  readonly url: string
  readonly stores: readonly number[]
  readonly stand: Stand
  /** How many events it has carried. */
  carried(): Promise<number>
}

/** Each turn begins with an empty store, a new topic and a new process, so that all find the same. */
async function turn(lab: Lab, kafka: LabServer, courier: Courier): Promise<readonly Figures[]> {
  const { shop, seller } = shopOn(courier.engine)
  const stand = await standOf(lab, shop, [kafka, courier.server])
  const main = new URL(`relay/${courier.main}`, import.meta.url)
  const env = await stand.env({ env: courier.env ?? {} })
  const { stop, ...program } = await ownService(lab, seller, env, main)
  const carried = (): Promise<number> =>
    courier.counts === true ? told<number>(program.url, 'done') : stand.held()
  const running = { ...program, stand, carried, lab, stores: [courier.server.pid, kafka.pid] }
  if (courier.measure.includes(drained)) await told(program.url, `fill?count=${2 * backlogOf(lab)}`)
  await told(program.url, 'relay')
  const figures: Figures[] = []
  for (const measure of courier.measure) figures.push(await measure(running))
  await stop()
  await stand.close()
  return figures
}

const backlogOf = ({ seconds }: Lab): number => backlogPerSecond * seconds

async function drained(one: Running): Promise<Figures> {
  const backlog = backlogOf(one.lab)
  await carried(one, backlog)
  return measured(one, one.stores, async () => {
    const [before, began] = [await one.carried(), performance.now()]
    await carried(one, 2 * backlog)
    const seconds = (performance.now() - began) / 1000
    return { load, completed: 2 * backlog - before, failed: 0, seconds }
  })
}

const carried = (one: Running, count: number): Promise<void> =>
  until(`${count} events are carried`, async () => (await one.carried()) >= count, carriedWithinMs)

async function poured(one: Running): Promise<Figures> {
  const { url, stand, lab, stores } = one
  const { seconds } = lab
  const read = await stand.reader()
  const sell = (during: number) => told<Sold>(url, `sell?perSecond=${perSecond}&seconds=${during}`)
  await sell(warmUpSeconds)
  await until('a reader has events', () => read.size > 0, readWithinMs)
  return measured(one, stores, async () => {
    const { committed, failed } = await sell(seconds)
    const missing = () => committed.filter(([id]) => !read.has(id))
    await until('all were read', () => missing().length === 0, readWithinMs).catch(() => undefined)
    const times = committed.flatMap(([id, at]) => {
      const readAt = read.get(id)
      return readAt === undefined ? [] : [readAt - at]
    })
    const lost = failed + missing().length
    const latencyMs = percentilesOf(times)
    return { load: steadily, completed: times.length, failed: lost, seconds, latencyMs }
  })
}
