import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { evenly, openLoop } from './open-loop.ts'

/** Answers after `ms`. */
async function slowServer(t: ExecutionContext, ms: number): Promise<string> {
  const server = createServer((_, response) => void delay(ms).then(() => response.end()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const shot = () => ({ of: 'it', path: '/' })

test('at even distances there are exactly as many as were asked for', async (t) => {
  const origin = await slowServer(t, 0)
  const answers = await openLoop({ origin, perSecond: 100, seconds: 0.5, shot, random: evenly })
  t.like(answers.get('it'), { offered: 50, good: 50, others: {} })
})

test('with as many unanswered as may be, others are dropped', async (t) => {
  const origin = await slowServer(t, 600)
  const load = { origin, perSecond: 100, seconds: 0.5, shot, random: evenly, mostUnderWay: 5 }
  const answers = await openLoop(load)
  t.like(answers.get('it'), { offered: 50, good: 5, others: { dropped: 45 } })
})

test('the wait for a connection counts', async (t) => {
  const origin = await slowServer(t, 200)
  const load = { origin, perSecond: 10, seconds: 0.3, shot, random: evenly, connections: 1 }
  const answer = (await openLoop(load)).get('it')
  t.is(answer?.good, 3)
  t.true((answer?.max ?? 0) >= 350, `${answer?.max} ms`)
})
