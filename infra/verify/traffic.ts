import { randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { sourceOf } from '../../services/kit/kafka/publisher.ts'
import { append, unreadable } from '../../services/kit/testing/topic-log.ts'
import type { Topic } from '../../services/model/topic.ts'
import { consumersOf, publishersOf, type Topology } from '../../services/model/topology.ts'
import { shop } from '../../services/payments/clients.ts'
import { deskAt, type Letter } from '../local/dead-letter-desk.ts'
import { tillOf } from '../local/tour/till.ts'
import { waitFor } from '../local/tour/wait.ts'
import type { Platform } from './check.ts'

const letterWithinMs = 30_000
/** The generator keeps the first of its traces and every hundredth. */
const generated = [
  { target: 'gateway', eps: 20, duration: 6 },
  { target: 'kafka', eps: 100, duration: 2 },
] as const

/** Sends requests, records and tasks until each edge of the platform has been used at least once. */
export async function sendThroughEveryEdge(platform: Platform): Promise<void> {
  const { gateway } = platform
  const ask = (line: string, body?: unknown) =>
    gateway.send(line, { body, schema: z.unknown(), repeatable: true })
  await ask('POST /ingest/events', event())
  await ask('POST /catalog/upsert', title)
  await ask('GET /rank/top?window=10s')
  await ask(`GET /search?q=${encodeURIComponent(title.title)}`)
  await ask('GET /.well-known/jwks.json')
  await sell(platform)
  await ask('POST /api/reconciliation/runs')
  await ask('GET /api/stats/settlement')
  await ask('GET /api/stats/refund')
  await ask('GET /api/circuit-breaker/status')
  for (const run of generated) await generate(platform, run)
  for (const topic of consumedTopics(platform.topology)) await poison(platform, topic)
  for (const { name, tasks, calls } of platform.topology.services)
    if (calls.length > 0) for (const word of Object.keys(tasks)) await platform.task(name, word)
}

/** Topics in which a record that nobody can read ends among the dead letters. */
export const consumedTopics = (all: Topology): readonly Topic[] =>
  all.topics.filter((topic) => topic.deadLetters && consumersOf(all, topic).length > 0)

/** The smallest sale of the demo shop, and back. */
async function sell({ gatewayAs }: Platform): Promise<void> {
  const till = tillOf(await gatewayAs(shop.id))
  const { payment } = await till.authorize({ amount: 1, capture: 'automatic' })
  await till.captured(payment.paymentId)
  await till.refunded(payment.paymentId, await till.refund(payment.paymentId, 'verified'))
}

const event = () => ({
  eventId: `verify-${randomUUID()}`,
  userId: 'u-verify',
  contentId: title.id,
  ts: Date.now(),
  props: { action: 'view' },
})

/** A title of its own, so that nobody's is touched. */
const title = {
  id: 'w-verify',
  title: 'Every edge once',
  author: 'Maru',
  tags: [],
  desc: 'Written and read by ./maru verify.',
}

const status = z.object({ running: z.boolean() })

async function generate({ gateway }: Platform, run: (typeof generated)[number]): Promise<void> {
  const body = { ...run, scenario: 'NORMAL', contentPool: 5 }
  await gateway.send('POST /generator/start', { body, schema: status })
  const done = async (): Promise<true | undefined> => {
    const { body: now } = await gateway.send('GET /generator/status', { schema: status })
    return now.running ? undefined : true
  }
  const reason = (): string => 'the generator still runs (./maru logs generator)'
  await waitFor(done, { deadlineMs: (run.duration + 20) * 1000, reason })
}

/** A record that nobody can read ends among the dead letters of each who reads; it is taken out there. */
async function poison({ kafka, topology, gateway }: Platform, topic: Topic): Promise<void> {
  const eventId = `verify-${randomUUID()}`
  const [sender] = publishersOf(topology, topic)
  const ids = randomBytes(24).toString('hex')
  const headers = {
    ce_id: eventId,
    ce_source: sourceOf(sender?.name ?? 'verify'),
    traceparent: `00-${ids.slice(0, 32)}-${ids.slice(32)}-01`,
  }
  await append(kafka, topic.name, [{ key: title.id, value: unreadable, headers }])
  const desk = deskAt(gateway)
  const readers = consumersOf(topology, topic)
  const wish = { topic: topic.name, state: 'PENDING' }
  let letters: readonly Letter[] = []
  const found = async (): Promise<true | undefined> => {
    const all = await desk.letters(wish, Infinity)
    letters = all.filter((letter) => letter.eventId === eventId)
    return letters.length >= readers.length || undefined
  }
  const reason = (): string =>
    `${letters.length} of ${readers.length} dead letters of ${topic.name} were received`
  await waitFor(found, { deadlineMs: letterWithinMs, reason })
  for (const { id } of letters) await desk.reject(id)
}
