import { counter, gauge } from '../model/metric.ts'
import type { Topic } from '../model/topic.ts'
import { breaker, type Breaker } from './breaker.ts'
import type { Context } from './context.ts'
import { PublishError, type Message, type Publisher } from './kafka.ts'
import { nudger, type Nudger } from './nudge.ts'
import {
  claimRows,
  giveBack,
  limits,
  markPublished,
  markRefused,
  purgePublished,
  readBacklog,
  type Row,
} from './outbox/rows.ts'
import { repeat } from './repeat.ts'
import { followedBy } from './spans.ts'
import type { Database } from './sql.ts'

export const outboxPending = gauge('outbox_pending', {
  help: 'Events that are committed but not published yet',
})
export const outboxOldestAge = gauge('outbox_oldest_age_seconds', {
  help: 'Age of the oldest event that is not published yet',
})
export const outboxDead = gauge('outbox_dead', {
  help: 'Events that the broker refuses; later ones of their aggregates wait',
})
export const outboxPublished = counter('outbox_published_total', {
  help: 'Events that were published from the outbox',
})

/** One failed round pauses; one row a second is the probe. */
const pausing = {
  window: 1,
  minimumCalls: 1,
  failureRate: 1,
  slowRate: 1,
  slowMs: 60_000,
  openMs: 1000,
  halfOpenTrials: 1,
}
const poll = { busyMs: 20, idleMs: 250 }
const gaugeEveryMs = 1000
const purgeEveryMs = 60_000
/** What is not sent by then is given back, well before the lease ends. */
const roundMs = 15_000

interface Relay {
  readonly context: Context
  readonly database: Database
  readonly publisher: Publisher
  readonly breaker: Breaker
  readonly topics: ReadonlyMap<string, Topic>
  /** Holder of the leases. */
  readonly name: string
}

/**
 * Publishes the outbox of a service to the topics that it declares, until the service stops (stage `work`). Several
 * relays may run on one table. Kafka being away pauses it and costs a row nothing; a row that the broker refuses is
 * tried five times and then dead, while later rows of its aggregate wait. After a crash an event may come twice,
 * with the same `ce_id`.
 */
export async function relay(
  context: Context,
  database: Database,
  publisher: Publisher,
): Promise<void> {
  const { life, meter, service, instance } = context
  for (const metric of [outboxPending, outboxOldestAge, outboxDead, outboxPublished])
    meter.register(metric)
  const one: Relay = {
    context,
    database,
    publisher,
    breaker: breaker(context, 'outbox-relay', pausing),
    topics: new Map(service.publishes.map((topic) => [topic.name, topic])),
    name: `${instance}-${process.pid}`,
  }
  const stopped = new AbortController()
  const nudge = nudger(stopped.signal)
  database.onCommit(nudge.now)
  const running = work(one, nudge, stopped.signal)
  life.onStop('work', 'outbox relay', async () => {
    stopped.abort()
    await running
  })
  repeat(context, { name: 'outbox gauges', everyMs: gaugeEveryMs }, () => showBacklog(one))
  repeat(context, { name: 'outbox purge', everyMs: purgeEveryMs }, () =>
    purgePublished(database, stopped.signal),
  )
}

async function work(one: Relay, nudge: Nudger, stopped: AbortSignal): Promise<void> {
  let waitMs = poll.busyMs
  while (!stopped.aborted) {
    const count = await round(one).catch((err: unknown) => {
      one.context.log.warn({ err }, 'outbox relay cannot use its database')
      return 'paused' as const
    })
    if (count === 'paused') waitMs = pausing.openMs
    else waitMs = count > 0 ? poll.busyMs : Math.min(waitMs * 2, poll.idleMs)
    if (count === limits.claimed) continue
    // While paused, commits do not hurry the probe.
    await nudge.wait(waitMs, count !== 'paused')
  }
}

/** @returns how many rows were claimed */
async function round(one: Relay): Promise<number | 'paused'> {
  const { database, name } = one
  const permit = permitOf(one.breaker)
  if (!permit) return 'paused'
  const startedAt = performance.now()
  const outcome: Outcome = { published: [], refused: [], untried: [], outage: undefined }
  let rows: Row[] = []
  try {
    rows = await claimRows(database, name, one.breaker.state === 'half-open' ? 1 : limits.claimed)
    const deadline = startedAt + roundMs
    await Promise.all(aggregatesOf(rows).map((queue) => send(one, queue, { outcome, deadline })))
  } finally {
    if (outcome.outage) permit.failure(performance.now() - startedAt)
    else if (outcome.published.length > 0) permit.success(performance.now() - startedAt)
    else permit.release()
  }
  await settle(one, outcome)
  if (!outcome.outage) return rows.length
  one.context.log.warn({ err: outcome.outage }, 'outbox relay pauses')
  return 'paused'
}

const permitOf = (guard: Breaker) => {
  try {
    return guard.acquire()
  } catch {
    return undefined
  }
}

interface Outcome {
  readonly published: number[]
  readonly refused: { seq: number; error: string }[]
  readonly untried: number[]
  outage: PublishError | undefined
}

function aggregatesOf(rows: readonly Row[]): Row[][] {
  const queues = new Map<string, Row[]>()
  for (const row of rows) {
    const aggregate = JSON.stringify([row.topic, row.key])
    queues.set(aggregate, [...(queues.get(aggregate) ?? []), row])
  }
  return [...queues.values()]
}

/** One aggregate's rows, each after the acknowledgement of the one before. */
async function send(
  one: Relay,
  queue: readonly Row[],
  { outcome, deadline }: { outcome: Outcome; deadline: number },
): Promise<void> {
  let blocked = false
  for (const row of queue) {
    if (blocked || outcome.outage || performance.now() > deadline) {
      outcome.untried.push(row.seq)
      continue
    }
    try {
      await publishRow(one, row)
      outcome.published.push(row.seq)
    } catch (error) {
      blocked = true
      note(outcome, row, error)
    }
  }
}

function note(outcome: Outcome, { seq }: Row, error: unknown): void {
  if (error instanceof PublishError && error.retriable) {
    outcome.outage = error
    outcome.untried.push(seq)
  } else outcome.refused.push({ seq, error: (error as Error).message })
}

async function publishRow({ publisher, topics, context }: Relay, row: Row): Promise<void> {
  const topic = topics.get(row.topic)
  if (!topic)
    throw new PublishError('REFUSED', `${context.service.name} does not publish ${row.topic}.`)
  const message: Message<unknown> = {
    id: row.id,
    key: row.key,
    value: JSON.parse(row.payload) as unknown,
    time: row.createdAt.getTime(),
    ...(row.traceparent !== null &&
      followedBy(row.traceparent, context.clock() - row.createdAt.getTime())),
  }
  await publisher.publish(topic, message)
}

async function settle({ context, database, name }: Relay, outcome: Outcome): Promise<void> {
  await markPublished(database, outcome.published)
  context.meter.add(outboxPublished, undefined, outcome.published.length)
  for (const refused of outcome.refused) {
    context.log.error(refused, 'outbox event is refused by the broker')
    await markRefused(database, name, refused)
  }
  await giveBack(database, name, outcome.untried)
}

async function showBacklog({ context: { meter }, database }: Relay): Promise<void> {
  const backlog = await readBacklog(database)
  meter.set(outboxPending, undefined, backlog?.pending ?? 0)
  meter.set(outboxDead, undefined, backlog?.dead ?? 0)
  meter.set(outboxOldestAge, undefined, backlog?.oldestSeconds ?? 0)
}
