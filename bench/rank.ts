import { Redis } from 'ioredis'
import { until } from '../services/kit/testing/until.ts'
import type { Benchmark, Figures } from './benchmark.ts'
import { measured, type Program } from './contender.ts'
import { stepAside } from './cores.ts'
import type { Lab, LabServer } from './lab.ts'
import { rankWorkers, type Worker } from './rank/contenders.ts'
import { beltOf, type Belt } from './rank/setting.ts'
import { inTurns } from './rounds.ts'

const load = 'backlog'
/** So many events a second of the asked time are in the backlog; as many again come before them, to warm up. */
const backlogPerSecond = 40_000
const perSecond = 2000
const processedWithinMs = 300_000

/** What an event costs from the topic to its ranking. */
export const rank: Benchmark = {
  name: 'rank',
  summary: 'CPU per event of the worker that counts page views into windows',
  load,
  goals: [
    { ours: 'maru', peer: 'ZINCRBY per event, pipelined', of: 'cost', bound: 0.6 },
    { ours: 'maru', peer: 'Kafka Streams windowed count', of: 'yield', bound: 1 },
  ],
  run: async (lab) => {
    stepAside()
    const [broker, redis] = [await lab.server('kafka'), await lab.server('redis')]
    const workers = await rankWorkers(lab, redis)
    const turns = await inTurns(lab, workers, (worker) => turn(lab, worker, { broker, redis }))
    return { turns, versions: { kafka: broker.version, redis: redis.version } }
  },
}

/** Each turn begins with a new topic, an empty Redis and a new process, so that all find the same. */
async function turn(
  lab: Lab,
  worker: Worker,
  { broker, redis }: { broker: LabServer; redis: LabServer },
): Promise<readonly Figures[]> {
  await emptied(redis)
  const belt = await beltOf(lab, broker, redis)
  const backlog = backlogPerSecond * lab.seconds
  await belt.fill(2 * backlog)
  const program = await worker.start(belt)
  const stores = [redis.pid]
  const figures = [
    await drained(belt, program, { stores, backlog }),
    await poured(belt, program, { stores, seconds: lab.seconds }),
  ]
  await program.stop()
  await countedAll(worker, await belt.processed())
  return figures
}

async function drained(
  belt: Belt,
  program: Program,
  { stores, backlog }: { stores: readonly number[]; backlog: number },
): Promise<Figures> {
  await processed(belt, backlog)
  return measured(program, stores, async () => {
    const [before, began] = [await belt.processed(), performance.now()]
    await processed(belt, 2 * backlog)
    const seconds = (performance.now() - began) / 1000
    return { load, completed: 2 * backlog - before, failed: 0, seconds }
  })
}

async function poured(
  belt: Belt,
  program: Program,
  { stores, seconds }: { stores: readonly number[]; seconds: number },
): Promise<Figures> {
  const before = await belt.processed()
  return measured(program, stores, async () => {
    await belt.pour(perSecond, seconds)
    const completed = perSecond * seconds
    await processed(belt, before + completed)
    return { load: `open, ${perSecond}/s`, completed, failed: 0, seconds }
  })
}

const processed = (belt: Belt, count: number): Promise<void> =>
  until(
    `${count} events are processed`,
    async () => (await belt.processed()) >= count,
    processedWithinMs,
  )

/** @throws Error when the result is not that of the events: it would be compared with others for nothing */
async function countedAll({ name, counted }: Worker, wanted: number): Promise<void> {
  const found = await counted()
  if (found !== wanted) throw new Error(`${name} counted ${found} of ${wanted} events.`)
}

async function emptied({ servers }: LabServer): Promise<void> {
  const admin = new Redis({ ...servers.redis })
  await admin.flushall()
  admin.disconnect()
}
