import test from 'ava'
import { randomUUID } from 'node:crypto'
import { request } from 'undici'
import { addressOf, ownServer, type OwnServer } from '../../../infra/local/engines/testing.ts'
import type { Running } from '../../kit/boot.ts'
import { recordsOf } from '../../kit/testing/records.ts'
import { until } from '../../kit/testing/until.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import { writeIngest } from '../scopes.ts'
import { pageView } from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'

/** The deadline is 800 ms; the rest is for a machine that is busy with other tests. */
const patienceMs = 2000

let broker: OwnServer
let place: Bench
let ingest: Running
let headers: Record<string, string>

test.before(async () => {
  broker = await ownServer('kafka')
  place = await bench(topology, addressOf('kafka', broker))
  ingest = await place.start(service, start)
  headers = { 'content-type': 'application/json', ...(await place.bearer(writeIngest)) }
  await until('the fresh broker acknowledges', acknowledges)
})

test.after.always(async () => {
  await place?.stop()
  await broker?.stop()
})

const event = () => ({
  eventId: randomUUID(),
  contentId: 'w-001',
  ts: Date.now(),
  props: { action: 'view' },
})

/** Sends events and says how long the answer took. */
async function post(events: readonly object[], path = '/ingest/events/batch') {
  const began = performance.now()
  const single = path === '/ingest/events'
  const reply = await request(ingest.url + path, {
    method: 'POST',
    headers,
    body: JSON.stringify(single ? events[0] : events),
  })
  const text = await reply.body.text()
  return {
    status: reply.statusCode,
    headers: reply.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    ms: performance.now() - began,
  }
}

/** Ids that lie in the topic. */
const storedIds = async (): Promise<Set<string>> => {
  const { kafka = '' } = addressOf('kafka', broker)
  const records = await recordsOf({ bootstrap: kafka, prefix: place.prefix }, pageView)
  return new Set(records.map(({ value }) => value.eventId))
}

const acknowledges = async (): Promise<boolean> => (await post([event()])).status === 202

test.serial(
  'while Kafka hangs, both doors answer 503 in time, and later what was acknowledged is there',
  async (t) => {
    broker.kill('SIGSTOP')
    try {
      for (const path of ['/ingest/events', '/ingest/events/batch']) {
        const answer = await post([event()], path)
        t.is(answer.status, 503)
        t.true(answer.ms < patienceMs, `${Math.round(answer.ms)} ms`)
        t.is(answer.headers['retry-after'], '1')
        t.is(answer.body['code'], 'EVENT_PUBLISHING_ERROR')
        t.regex(String(answer.body['detail']), /may still appear.*same eventId/)
      }
      const ready = await request(`${ingest.admin}/readyz`)
      await ready.body.dump()
      t.is(ready.statusCode, 503)
    } finally {
      broker.kill('SIGCONT')
    }
    await until('ingest acknowledges again', acknowledges)
    const again = event()
    t.is((await post([again, again])).status, 202)
    t.true((await storedIds()).has(again.eventId))
  },
)

test.serial(
  'a kill -9 of Kafka in the middle of a stream loses nothing that was acknowledged',
  async (t) => {
    const acknowledged = new Set<string>()
    const statuses = new Set<number>()
    let slowest = 0
    let go = true
    const stream = async (): Promise<void> => {
      while (go) {
        const sent = event()
        const { status, ms } = await post([sent], '/ingest/events')
        statuses.add(status)
        slowest = Math.max(slowest, ms)
        if (status === 202) acknowledged.add(sent.eventId)
      }
    }
    const streams = Array.from({ length: 4 }, stream)
    await until('some are acknowledged', () => acknowledged.size > 200)
    await broker.crash()
    await until('the outage is told', () => statuses.has(503))
    const during = acknowledged.size
    await broker.restart()
    await until('more are acknowledged', () => acknowledged.size > during + 200)
    go = false
    await Promise.all(streams)
    t.deepEqual([...statuses].sort(), [202, 503])
    t.true(slowest < patienceMs, `${Math.round(slowest)} ms`)
    const stored = await storedIds()
    t.deepEqual(
      [...acknowledged].filter((id) => !stored.has(id)),
      [],
    )
  },
)
