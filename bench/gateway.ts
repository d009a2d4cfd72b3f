import type { Benchmark, Figures } from './benchmark.ts'
import { closedLoop } from './closed-loop.ts'
import { measured, warm, type Contender } from './contender.ts'
import { gatewayContenders, type Gate } from './gateway/contenders.ts'
import { probe } from './gateway/parity.ts'
import { settingOf, type Setting } from './gateway/setting.ts'
import { stepAside } from './cores.ts'
import type { Lab } from './lab.ts'
import { inTurns } from './rounds.ts'
import { steady } from './steady.ts'

const connections = 32
const load = `closed, ${connections} connections`
const perSecond = 1000
const warmUpSeconds = 2

/** What a request through the front door costs, against proxies that do less and proxies that do the same. */
export const gateway: Benchmark = {
  name: 'gateway',
  summary: 'CPU per request through the gateway: token, limit, breaker, retry, metrics, routing',
  load,
  goals: [
    { ours: 'maru', peer: '@fastify/http-proxy, bare', of: 'cost', bound: 0.8 },
    { ours: 'maru', peer: 'haproxy with JWT', of: 'cost', bound: 1 },
    { ours: 'maru, traced', peer: '@fastify/http-proxy, bare', of: 'cost', bound: 1.2 },
    { ours: 'maru, traced', peer: 'haproxy with JWT', of: 'cost', bound: 1.6 },
    { ours: 'maru', peer: 'Spring Cloud Gateway', of: 'cost', bound: 0.5 },
  ],
  run: async (lab) => {
    stepAside()
    const setting = await settingOf(lab)
    const contenders = await gatewayContenders(lab, setting)
    for (const one of contenders) {
      await probe(one, setting)
      await warm(() => capacity(lab, setting, one, warmUpSeconds))
    }
    const turns = await inTurns(lab, contenders, (one) => turn(lab, setting, one))
    const versions = Object.fromEntries(contenders.map(({ name, version }) => [name, version]))
    return { turns, versions: { ...setting.versions, ...versions } }
  },
}

async function turn(lab: Lab, setting: Setting, one: Gate): Promise<readonly Figures[]> {
  // Every reader's token has been forgotten since the last turn.
  await warm(() => capacity(lab, setting, one, warmUpSeconds), 10 * setting.readers.length)
  const shot = (n: number) => {
    const headers = setting.readers[n % setting.readers.length] ?? {}
    return { of: 'read', path: setting.path, headers }
  }
  return [
    await capacity(lab, setting, one, lab.seconds),
    await steady(one, setting.stores, { perSecond, seconds: lab.seconds, shot }),
  ]
}

const capacity = (lab: Lab, setting: Setting, one: Contender, seconds: number): Promise<Figures> =>
  measured(one, setting.stores, () =>
    closedLoop(lab, { url: one.url, requests: setting.requests, connections, seconds }),
  )
