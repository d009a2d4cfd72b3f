import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { route } from '../model/route.ts'
import { service } from '../model/service.ts'
import { crowd } from './crowd.ts'
import { serve } from './http.ts'
import { Problem } from './problem.ts'
import { isRefusal } from './proxy-status.ts'
import { contextOf } from './testing/context.ts'
import { until } from './testing/until.ts'

const answers = { 200: { summary: 'Done' } }
const put = route('POST /things', {
  summary: 'Puts',
  access: 'public',
  body: z.unknown(),
  maxBodyBytes: 5000,
  answers,
})
const look = route('GET /things', {
  summary: 'Looks',
  access: 'public',
  query: z.object({ n: z.coerce.number() }),
  answers,
})
const things = service({
  name: 'things',
  product: 'platform',
  summary: 'Keeps things.',
  port: 23_016,
  api: { put, look },
  slo: { availability: 99, latency: { p95Ms: 70 } },
})

function context(t: ExecutionContext, env: Record<string, string> = {}) {
  const made = contextOf(things, env)
  t.teardown(() => made.life.stop(0, 2000))
  return made
}

const sending = (bytes?: number): IncomingMessage =>
  ({ headers: bytes === undefined ? {} : { 'content-length': `${bytes}` } }) as IncomingMessage
const answering = (): ServerResponse => new EventEmitter() as unknown as ServerResponse

test('when as many are inside as may be, the next one is told to come again', async (t) => {
  const inside = crowd(context(t), { requests: 2, bytes: 1e6 })
  const first = answering()
  await inside.enter(put, sending(1), first)
  await inside.enter(put, sending(1), answering())
  const error = await t.throwsAsync(() => inside.enter(put, sending(1), answering()), {
    instanceOf: Problem,
  })
  t.like(error, { status: 503, code: 'OVERLOADED', headers: { 'retry-after': '1' } })
  // Breakers further up must not make it idle.
  t.true(isRefusal(503, (error as Problem).headers))
  first.emit('close')
  await t.notThrowsAsync(() => inside.enter(put, sending(1), answering()))
})

test('who has gone before the door takes no place', async (t) => {
  const inside = crowd(context(t), { requests: 1, bytes: 1e6 })
  const gone = Object.assign(answering(), { closed: true })
  await inside.enter(put, sending(1), gone)
  await t.notThrowsAsync(() => inside.enter(put, sending(1), answering()))
})

test('bodies count by what they announce, those in chunks by what is read of them at most', async (t) => {
  const inside = crowd(context(t), { requests: 10, bytes: 4000 })
  const large = answering()
  await inside.enter(put, sending(1e9), large)
  await t.throwsAsync(() => inside.enter(put, sending(1), answering()), { instanceOf: Problem })
  large.emit('close')
  await inside.enter(put, sending(3999), answering())
  const chunks = answering()
  await inside.enter(put, sending(), chunks)
  await t.throwsAsync(() => inside.enter(put, sending(1), answering()), { instanceOf: Problem })
  chunks.emit('close')
  await t.notThrowsAsync(() => inside.enter(put, sending(1), answering()))
})

/** A service whose every answer takes 20 ms of the processor, and clients with open connections. */
async function busy(t: ExecutionContext, patienceMs: number) {
  const handled: unknown[] = []
  const { url } = await serve(context(t, { OVERLOAD_AFTER_MS: String(patienceMs) }), things.api, {
    put: () => ({ status: 200 }),
    look: ({ query }) => {
      handled.push(query.n)
      const end = performance.now() + 20
      while (performance.now() < end); // work that needs the processor
      return { status: 200 }
    },
  })
  const dispatcher = new Agent({ connections: 60 })
  t.teardown(() => dispatcher.destroy())
  const get = async (n: number, signal: AbortSignal | null = null) => {
    const answer = await request(`${url}/things?n=${n}`, { dispatcher, signal })
    await answer.body.dump()
    return answer.statusCode
  }
  const crowded = (signal?: AbortSignal) =>
    Promise.allSettled(Array.from({ length: 60 }, (_, at) => get(at, at === 59 ? signal : null)))
  // New connections are taken one a round: only those that are there already come all at once.
  await crowded()
  handled.length = 0
  return { handled, get, crowded }
}

test('whose turn does not come in time is refused, until the queue is gone', async (t) => {
  const { handled, get, crowded } = await busy(t, 200)
  const answers = await crowded()
  const statuses = answers.map((one) => (one.status === 'fulfilled' ? one.value : 0))
  t.deepEqual([...new Set(statuses)].sort(), [200, 503])
  t.is(handled.length, statuses.filter((one) => one === 200).length)
  await until('it lets in again', async () => (await get(1)) === 200)
})

test('nothing is done for who goes away while waiting', async (t) => {
  const { handled, get, crowded } = await busy(t, 60_000)
  const answers = await crowded(AbortSignal.timeout(100))
  t.is(answers[59]?.status, 'rejected')
  // Its turn comes after those before it and before this one.
  t.is(await get(60), 200)
  t.is(handled.length, 60)
  t.false(handled.includes(59))
})
