import { readFileSync } from 'node:fs'
import { request } from 'undici'
import { operator } from '../services/platform/clients.ts'
import { bearer } from './bearer.ts'
import type { Benchmark, Turn } from './benchmark.ts'
import { openLoop, type Answers, type Shot } from './open-loop.ts'
import { payFor, paymentGoals } from './whole-box/payments.ts'
import { traced } from './whole-box/traced.ts'

const eventsPerSecond = 1000
const readsPerSecond = 200
const load = `${readsPerSecond} mixed requests/s beside ${eventsPerSecond} events/s`
/** Until events come at their rate and caches are filled. */
const warmUpSeconds = 10

/** Everything on one machine, as `./maru up` starts it, and readers beside a stream of events. */
export const wholeBox: Benchmark = {
  name: 'whole-box',
  summary: `time to answer ${load}, and then authorisations by themselves, with the whole platform on this machine and nothing pinned`,
  load,
  goals: [
    { ours: '/rank/top', of: 'p95', bound: 20 },
    { ours: '/search', of: 'p95', bound: 100 },
    { ours: '/catalog', of: 'p95', bound: 20 },
    ...paymentGoals,
  ],
  run: async (lab) => {
    const platform = await lab.platform()
    const { url, clientNamed } = platform
    const headers = await bearer(url, clientNamed(operator.id))
    const shot = (n: number): Shot => ({ ...shotOf(n), headers: { ...headers, ...traced() } })
    const read = (seconds: number) =>
      openLoop({ origin: url, perSecond: readsPerSecond, seconds, shot })
    await control(url, headers, `start?eps=${eventsPerSecond}&target=gateway`)
    await read(warmUpSeconds)
    const turns: Turn[] = []
    for (let round = 1; round <= lab.rounds; round += 1) {
      const before = await control(url, headers, 'status')
      const answers = await read(lab.seconds)
      const after = await control(url, headers, 'status')
      turns.push(...readTurns(answers, round, lab.seconds))
      turns.push(eventTurn(before, after, { round, seconds: lab.seconds }))
      lab.say(`round ${round}: ${[...answers].map(told).join(', ')}`)
    }
    await control(url, headers, 'stop')
    return { turns: [...turns, ...(await payFor(platform, lab.say))], versions: {} }
  },
}

/** What the generator counted. */
interface Generated {
  readonly totalPublished: number
  readonly totalErrors: number
  readonly totalSkipped: number
}

async function control(
  url: string,
  headers: Readonly<Record<string, string>>,
  words: string,
): Promise<Generated> {
  const method = words === 'status' ? 'GET' : 'POST'
  const { statusCode, body } = await request(`${url}/generator/${words}`, { method, headers })
  const answer = await body.json()
  if (statusCode !== 200) throw new Error(`generator/${words}: ${JSON.stringify(answer)}`)
  return answer as Generated
}

const titles = readFileSync(new URL('../services/webtoon/titles.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { id: string; title: string; tags: string[] })

/** In turn a ranking, a search and a title, each time another. */
function shotOf(n: number): Pick<Shot, 'of' | 'path'> {
  const one = titles[n % titles.length]
  const words = [one?.title, one?.title.split(' ')[0], one?.tags[0]][(n % 9) % 3] ?? ''
  const window = ['10s', '60s', '300s'][(n % 9) % 3]
  const shots = [
    { of: '/rank/top', path: `/rank/top?window=${window}&n=10` },
    { of: '/search', path: `/search?q=${encodeURIComponent(words)}` },
    { of: '/catalog', path: `/catalog/${one?.id}` },
  ]
  return shots[n % shots.length] ?? { of: '/catalog', path: '/catalog' }
}

const readTurns = (
  answers: ReadonlyMap<string, Answers>,
  round: number,
  seconds: number,
): readonly Turn[] =>
  [...answers].map(([contender, { offered, good, p50, p95, p99, max }]) => ({
    ...{ contender, round, load, seconds },
    completed: good,
    failed: offered - good,
    latencyMs: { p50, p95, p99, max },
  }))

const eventTurn = (
  before: Generated,
  after: Generated,
  { round, seconds }: { round: number; seconds: number },
): Turn => {
  const lost = ({ totalErrors, totalSkipped }: Generated): number => totalErrors + totalSkipped
  return {
    ...{ contender: 'events', round, load, seconds },
    completed: after.totalPublished - before.totalPublished,
    failed: lost(after) - lost(before),
  }
}

const told = ([name, { p95, others }]: [string, Answers]): string => {
  const refused = Object.entries(others).map(([status, count]) => `${count} × ${status}`)
  return [`${name} p95 ${p95.toFixed(1)} ms`, ...refused].join(' ')
}
