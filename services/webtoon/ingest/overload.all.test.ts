import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { Pool } from 'undici'
import { addressOf, ownServer, type OwnServer } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess, type OwnProcess } from '../../kit/testing/own-process.ts'
import { recordsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import { writeIngest } from '../scopes.ts'
import { pageView } from '../topics.ts'
import service from './service.ts'

const perBatch = 100
const capacityMs = 3000
const overloadMs = 6000
const times = 10
/** Whoever finds all of them busy does not get as far as the service. */
const connections = 512
/** As long as a burst may wait. */
const patienceMs = 500

let broker: OwnServer
let place: Bench
let ingest: OwnProcess
let door: Pool
let headers: Record<string, string>

test.before(async () => {
  broker = await ownServer('kafka')
  place = await bench(topology, addressOf('kafka', broker))
  const env = { OVERLOAD_AFTER_MS: String(patienceMs) }
  ingest = await ownProcess(service, await place.environment(service, { env }))
  door = new Pool(ingest.url, { connections, pipelining: 1 })
  headers = { 'content-type': 'application/json', ...(await place.bearer(writeIngest)) }
  await until('the fresh broker acknowledges', async () => (await post()).status === 202)
})

test.after.always(async () => {
  await door?.destroy()
  if (ingest) await killed(ingest)
  await place?.stop()
  await broker?.stop()
})

interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly retryAfter: unknown
  readonly accepted: readonly string[]
  readonly ms: number
}

let made = 0
const batch = () =>
  Array.from({ length: perBatch }, () => ({
    eventId: `o-${(made += 1)}`,
    contentId: `w-${made % 500}`,
    ts: Date.now(),
    props: { action: 'view' },
  }))

/** Sends a batch; the clock runs from the moment at which a connection takes it. */
async function post(): Promise<Answer> {
  const events = batch()
  const began = performance.now()
  const reply = await door.request({
    method: 'POST',
    path: '/ingest/events/batch',
    headers,
    body: JSON.stringify(events),
  })
  const body = JSON.parse(await reply.body.text()) as {
    code?: string
    results?: { eventId: string; status: number }[]
  }
  const taken = (body.results ?? []).filter(({ status }) => status === 202)
  return {
    status: reply.statusCode,
    code: body.code,
    retryAfter: reply.headers['retry-after'],
    accepted: reply.statusCode === 202 ? taken.map(({ eventId }) => eventId) : [],
    ms: performance.now() - began,
  }
}

/** Batches a second that eight clients get through who wait for each answer. */
async function capacity(): Promise<{ answers: readonly Answer[]; perSecond: number }> {
  const answers: Answer[] = []
  const end = performance.now() + capacityMs
  const client = async (): Promise<void> => {
    while (performance.now() < end) answers.push(await post())
  }
  await Promise.all(Array.from({ length: 8 }, client))
  return { answers, perSecond: (answers.length / capacityMs) * 1000 }
}

/** Node takes one new connection a round of its loop: opened under load, they would be what is measured. */
async function connected(): Promise<void> {
  const look = async (): Promise<void> => {
    const { body } = await door.request({ method: 'GET', path: '/ingest' })
    await body.dump()
  }
  await Promise.all(Array.from({ length: connections }, look))
}

/** Requests that come when they are due, whatever became of those before. */
async function offered(perSecond: number): Promise<readonly Answer[]> {
  const answers: Promise<Answer>[] = []
  let due = 0
  let open = 0
  const counted = async (): Promise<Answer> => {
    open += 1
    return post().finally(() => (open -= 1))
  }
  const began = performance.now()
  for (let now = 0; now < overloadMs; now = performance.now() - began) {
    for (; due < (now / 1000) * perSecond; due += 1) {
      if (open < connections) answers.push(counted())
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return Promise.all(answers)
}

const percentile = (answers: readonly Answer[], share: number): number =>
  answers.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(answers.length * share)] ?? 0

/** MiB that the process holds, and has held at most. */
function memory(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${ingest.pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
}

test.serial(
  'of ten times what it can take it takes some in time, and refuses the rest in time',
  async (t) => {
    t.timeout(120_000)
    const { answers, perSecond } = await capacity()
    await connected()
    const before = memory('VmRSS')
    const all = await offered(perSecond * times)
    const taken = all.filter(({ status }) => status === 202)
    const refused = all.filter(({ status }) => status !== 202)
    report(t, 'at capacity', answers)
    report(t, 'taken of ten times as many', taken)
    report(t, 'refused of them', refused)
    const grown = memory('VmHWM') - before
    t.log(`memory ${before.toFixed(0)} MiB, at most ${grown.toFixed(0)} MiB more`)

    t.deepEqual(
      [...new Set(refused.map(({ status, code }) => `${status} ${code}`))],
      ['503 OVERLOADED'],
    )
    t.true(refused.every(({ retryAfter }) => retryAfter === '1'))
    // Client, broker and service share the machine: a third is what no collapse leaves.
    t.true(taken.length / (overloadMs / 1000) > perSecond / 3, 'goodput')
    t.true(percentile(taken, 0.95) < 2 * patienceMs, 'time of those taken')
    t.true(percentile(refused, 0.5) < patienceMs / 2, 'time of those refused')
    t.true(grown < 100, 'memory')

    const { kafka = '' } = addressOf('kafka', broker)
    const stored = new Set(
      (await recordsOf({ bootstrap: kafka, prefix: place.prefix }, pageView)).map(
        ({ value }) => value.eventId,
      ),
    )
    const acknowledged = [...answers, ...taken].flatMap(({ accepted }) => accepted)
    t.deepEqual(
      acknowledged.filter((id) => !stored.has(id)),
      [],
    )
    await until('it takes again as before', async () => (await post()).status === 202, 5000)
  },
)

function report(t: ExecutionContext, name: string, answers: readonly Answer[]): void {
  const ms = [0.5, 0.95, 1].map((share) => percentile(answers, share - 1e-9).toFixed(0))
  t.log(`${name}: ${answers.length} batches, p50 ${ms[0]} ms, p95 ${ms[1]} ms, longest ${ms[2]} ms`)
}
