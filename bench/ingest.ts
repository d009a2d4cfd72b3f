import { setTimeout as delay } from 'node:timers/promises'
import { kafkaAdmin } from '../services/kit/testing/kafka-admin.ts'
import { bench, type Bench } from '../services/kit/testing.ts'
import { topology } from '../services/topology.ts'
import service from '../services/webtoon/ingest/service.ts'
import { writeIngest } from '../services/webtoon/scopes.ts'
import { pageView } from '../services/webtoon/topics.ts'
import type { Benchmark, Figures } from './benchmark.ts'
import { closedLoop, rawRequest } from './closed-loop.ts'
import { measured, ownService, warm, type Contender } from './contender.ts'
import { stepAside } from './cores.ts'
import type { Lab, LabServer } from './lab.ts'
import { versionOf } from './package-version.ts'
import { someView } from './page-views.ts'
import { inTurns } from './rounds.ts'
import { steady } from './steady.ts'

/** Each waits for the broker: fewer would measure its patience. */
const connections = 256
const load = `closed, ${connections} connections`
const perSecond = 1000
const warmUpSeconds = 2
const path = '/ingest/events'

/** What an event costs from HTTP to its acknowledgement. */
export const ingest: Benchmark = {
  name: 'ingest',
  summary: 'events a second that one core takes over HTTP until the broker has them',
  load,
  goals: [{ ours: 'maru', peer: 'one kafkajs send per request', of: 'yield', bound: 2 }],
  run: async (lab) => {
    stepAside()
    const broker = await lab.server('kafka')
    const place = await bench(topology, broker.servers)
    lab.atEnd(() => place.stop())
    const client = { 'content-type': 'application/json', ...(await place.bearer(writeIngest)) }
    const setting = { lab, broker, place, client }
    const env = await place.environment(service)
    const peer = new URL('ingest/one-send-per-request.ts', import.meta.url)
    const contenders = [
      { name: 'maru', ...(await ownService(lab, service, env)) },
      { name: 'one kafkajs send per request', ...(await ownService(lab, service, env, peer)) },
    ]
    for (const one of contenders) {
      await warm(() => capacity(setting, one, warmUpSeconds))
      await keepsAll(setting, one)
    }
    const turns = await inTurns(lab, contenders, (one) => turn(setting, one))
    return { turns, versions: { kafka: broker.version, kafkajs: versionOf('kafkajs') } }
  },
}

interface Setting {
  readonly lab: Lab
  readonly broker: LabServer
  readonly place: Bench
  /** Headers of who sends. */
  readonly client: Readonly<Record<string, string>>
}

async function turn(setting: Setting, one: Contender): Promise<readonly Figures[]> {
  const { lab, broker, client } = setting
  await capacity(setting, one, warmUpSeconds)
  const shot = () => {
    const body = JSON.stringify(someView())
    return { of: 'event', method: 'POST', path, headers: client, body } as const
  }
  return [
    await capacity(setting, one, lab.seconds),
    await steady(one, [broker.pid], { perSecond, seconds: lab.seconds, shot }),
  ]
}

/** More different events than are under way at once. */
const events = 2000

function capacity({ lab, broker, client }: Setting, one: Contender, seconds: number) {
  const requests = Array.from({ length: events }, () =>
    rawRequest(`POST ${path}`, client, JSON.stringify(someView())),
  )
  return measured(one, [broker.pid], () =>
    closedLoop(lab, { url: one.url, requests, connections, seconds }),
  )
}

const settledMs = 1000

/** @throws Error unless the broker holds what was acknowledged */
async function keepsAll(setting: Setting, one: Contender): Promise<void> {
  const admin = await kafkaAdmin({
    bootstrap: setting.broker.servers.kafka ?? '',
    prefix: setting.place.prefix,
  })
  const held = async (): Promise<number> =>
    (await admin.ends(pageView)).reduce((sum, { high }) => sum + Number(high), 0)
  const before = await held()
  const { completed } = await capacity(setting, one, 1)
  await delay(settledMs) // what was under way when the load ended
  const kept = (await held()) - before
  await admin.close()
  if (completed === 0 || kept < completed)
    throw new Error(`${one.name} acknowledged ${completed} events, and the broker holds ${kept}.`)
}
