import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import rank from '../../services/webtoon/rank/service.ts'
import { contending, ownService, type Program } from '../contender.ts'
import type { Lab, LabServer } from '../lab.ts'
import type { Belt } from './setting.ts'

/** Something that counts the events of a belt. */
export interface Worker {
  readonly name: string
  start(belt: Belt): Promise<Program>
  /** How many events its result holds. */
  counted(): Promise<number>
}

export const rankWorkers = async (lab: Lab, redis: LabServer): Promise<readonly Worker[]> => [
  ours(lab, redis),
  zincrby(lab, redis, { name: 'ZINCRBY per event, pipelined', windows: '10' }),
  zincrby(lab, redis, { name: 'ZINCRBY per event and window', windows: '10,60,300' }),
  await kafkaStreams(lab),
]

function ours(lab: Lab, redis: LabServer): Worker {
  return {
    name: 'maru',
    start: async ({ place }) => ownService(lab, rank, await place.environment(rank)),
    counted: () => sumOfScores(redis, 'rank:10:'),
  }
}

const main = new URL('zincrby-per-event.ts', import.meta.url).pathname

function zincrby(
  lab: Lab,
  redis: LabServer,
  { name, windows }: { name: string; windows: string },
): Worker {
  return {
    name,
    start: ({ bootstrap, topic, group }) =>
      contending(lab, [process.execPath, '--disable-warning=TimeoutNegativeWarning', main], {
        env: {
          KAFKA: bootstrap,
          TOPIC: topic,
          GROUP: group,
          REDIS: JSON.stringify(redis.servers.redis),
          WINDOWS: windows,
        },
        ready: async () => true,
      }),
    counted: () => sumOfScores(redis, 'peer:10:'),
  }
}

const streamsVersion = '4.3.1'

async function kafkaStreams(lab: Lab): Promise<Worker> {
  const folder = new URL('kafka-streams/', import.meta.url)
  const program = await lab.java({ name: 'kafka-streams', version: streamsVersion, folder })
  const state = join(lab.folder, 'kafka-streams')
  return {
    name: 'Kafka Streams windowed count',
    start: ({ bootstrap, topic, group }) =>
      contending(lab, program, {
        env: { KAFKA: bootstrap, TOPIC: topic, GROUP: group, STATE: state },
        ready: async () => true,
      }),
    counted: async () => Number(readFileSync(join(state, 'counted'), 'utf8')),
  }
}

/** Of all sorted sets whose name is this and a number. */
async function sumOfScores({ servers }: LabServer, before: string): Promise<number> {
  const admin = new Redis({ ...servers.redis })
  let sum = 0
  for (const key of await admin.keys(`${before}*`)) {
    if (!/^\d+$/.test(key.slice(before.length))) continue
    const flat = await admin.zrange(key, '0', '-1', 'WITHSCORES')
    for (let at = 1; at < flat.length; at += 2) sum += Number(flat[at])
  }
  admin.disconnect()
  return sum
}
