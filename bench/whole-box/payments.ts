import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { load as loadClient } from '../../services/payments/clients.ts'
import pgMock, { behavioursIn } from '../../services/payments/pg-mock/service.ts'
import settlement from '../../services/payments/settlement/service.ts'
import { operator } from '../../services/platform/clients.ts'
import { bearer } from '../bearer.ts'
import type { Goal, Turn } from '../benchmark.ts'
import type { LabPlatform } from '../lab.ts'
import { evenly, openLoop, type Answers } from '../open-loop.ts'
import { mockAt, prompt } from '../payments/mock.ts'
import { someOrder } from '../payments/orders.ts'
import { traced } from './traced.ts'

const perSecond = 1000
const seconds = 60
const warmUp = { perSecond: 200, seconds: 5 }
/** As many virtual users as the earlier system’s load had at most. */
const mostUnderWay = 1500
const connections = 256
/** What is not settled by then counts as slow. */
const settledWithinMs = 30_000
const lookEveryMs = 1000

const load = `${perSecond} authorisations/s for ${seconds} s`

/** The mock gateway authorises at once, so that all of the time is ours, and captures in 1 to 3 s. */
export const paymentGoals: readonly Goal[] = [
  { ours: 'authorisations', of: 'rate', bound: perSecond, beside: 'the earlier system: 216/s' },
  { ours: 'authorisations', of: 'p95', bound: 20 },
  { ours: 'authorisations', of: 'p99', bound: 250 },
  { ours: 'settlement', of: 'rate', bound: 200 },
]

/** Authorises by idempotency keys through the front door, and sees how fast settlement captures. */
export async function payFor(
  platform: LabPlatform,
  say: (line: string) => void,
): Promise<readonly Turn[]> {
  const { url, urlOf, clientNamed } = platform
  const operating = await bearer(url, clientNamed(operator.id))
  const { capture } = behavioursIn('load')
  await mockAt(urlOf(pgMock.name), operating).behave({ authorize: prompt, capture })
  const headers = {
    'content-type': 'application/json',
    ...(await bearer(url, clientNamed(loadClient.id))),
  }
  const shot = () =>
    ({
      of: '',
      method: 'POST',
      path: '/api/payments/authorize',
      headers: { ...headers, ...traced() },
      body: JSON.stringify(someOrder()),
    }) as const
  const ask = (during: { perSecond: number; seconds: number }) =>
    openLoop({ origin: url, ...during, shot, connections, mostUnderWay, random: evenly })
  await ask(warmUp)
  const settled = await watch(urlOf(settlement.name), operating)
  const answers = (await ask({ perSecond, seconds })).get('')
  if (!answers) throw new Error('No payment was asked for.')
  const turns = [paidTurn(answers), await settled()]
  for (const { contender, completed, seconds: during, failed } of turns)
    say(`${contender}: ${(completed / during).toFixed(0)}/s, ${failed} failed`)
  say(`others: ${JSON.stringify(answers.others)}`)
  return turns
}

const paidTurn = ({ offered, good, p50, p95, p99, max }: Answers): Turn => ({
  ...{ contender: 'authorisations', round: 1, load, seconds },
  completed: good,
  failed: offered - good,
  latencyMs: { p50, p95, p99, max },
})

interface Standing {
  readonly successCount: number
  readonly failedCount: number
  readonly pendingCount: number
}

/** @returns what says, once the load is over, how many captures came to their end a second until all had */
async function watch(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<() => Promise<Turn>> {
  const look = async (): Promise<Standing> => {
    const { statusCode, body } = await request(`${url}/stats/settlement`, { headers })
    if (statusCode !== 200) throw new Error(`Settlement answered ${await body.text()}`)
    return (await body.json()) as Standing
  }
  const [before, began] = [await look(), performance.now()]
  return async () => {
    const end = performance.now() + settledWithinMs
    let now = await look()
    while (now.pendingCount > 0 && performance.now() < end) {
      await delay(lookEveryMs)
      now = await look()
    }
    return {
      ...{ contender: 'settlement', round: 1, load },
      completed: now.successCount - before.successCount,
      failed: now.failedCount - before.failedCount,
      seconds: (performance.now() - began) / 1000,
    }
  }
}
