import { counter, gauge } from '../model/metric.ts'
import type { Topic } from '../model/topic.ts'
import { breaker, type Breaker, type Permit } from './breaker.ts'
import type { Context } from './context.ts'
import { PublishError, type Message, type Publisher } from './kafka.ts'
import { nudger, type Nudger } from './nudge.ts'
import {
  claimRows,
  giveBack,
  giveBackAll,
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

/** Contract, but for the wait: while Kafka is away, one row a second is the probe. */
const policy = {
  window: 100,
  minimumCalls: 5,
  failureRate: 0.5,
  slowRate: 0.5,
  slowMs: 2000,
  openMs: 1000,
  halfOpenTrials: 3,
}
const poll = { busyMs: 20, idleMs: 250 }
const gaugeEveryMs = 1000
const purgeEveryMs = 60_000

interface Relay {
  readonly context: Context
  readonly database: Database
  readonly publisher: Publisher
  readonly breaker: Breaker
  readonly topics: ReadonlyMap<string, Topic>
  /** Holder of the leases. */
  readonly name: string
  readonly leaseMs: number
  /** A round of which the database may know less than we do, since it did not answer to the end. */
  unsettled: Outcome | undefined
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
  const { life, meter, service, instance, config } = context
  for (const metric of [outboxPending, outboxOldestAge, outboxDead, outboxPublished])
    meter.register(metric)
  const one: Relay = {
    context,
    database,
    publisher,
    breaker: breaker(context, 'kafka-publisher', policy),
    topics: new Map(service.publishes.map((topic) => [topic.name, topic])),
    name: `${instance}-${process.pid}`,
    leaseMs: config.number('OUTBOX_LEASE_MS'),
    unsettled: undefined,
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
    if (count === 'paused') waitMs = policy.openMs
    else waitMs = count > 0 ? poll.busyMs : Math.min(waitMs * 2, poll.idleMs)
    if (count === limits.claimed) continue
    // While paused, commits do not hurry the probe.
    await nudge.wait(waitMs, count !== 'paused')
  }
}

/** @returns how many rows were claimed */
async function round(one: Relay): Promise<number | 'paused'> {
  const { database, name, breaker, context, leaseMs } = one
  // Asked before rows are claimed in vain; each request has leave of its own.
  const leave = permitOf(breaker)
  if (!leave) return 'paused'
  leave.release()
  const isTrial = breaker.state === 'half_open' || breaker.state === 'forced_half_open'
  // What is not sent by then is given back, well before the lease ends.
  const deadline = performance.now() + leaseMs / 2
  const outcome: Outcome = { published: [], refused: [], untried: [], outage: undefined }
  if (one.unsettled) await settleLate(one, one.unsettled)
  one.unsettled = outcome
  const rows = await claimRows(database, {
    ...{ relay: name, leaseMs },
    count: isTrial ? 1 : limits.claimed,
  })
  const topics = Map.groupBy(aggregatesOf(rows), ([first]) => first?.topic)
  await Promise.all([...topics.values()].map((queues) => send(one, queues, { outcome, deadline })))
  await settle(one, outcome)
  one.unsettled = undefined
  if (outcome.outage) context.log.warn({ err: outcome.outage }, 'outbox relay cannot publish')
  return rows.length
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

/** Rows of one topic: the first of each aggregate in one request, after its acknowledgement the second ones, … */
async function send(
  one: Relay,
  queues: readonly Row[][],
  { outcome, deadline }: { outcome: Outcome; deadline: number },
): Promise<void> {
  let waiting = queues
  while (waiting.length > 0) {
    const mayTry = !outcome.outage && performance.now() < deadline
    const permit = mayTry ? permitOf(one.breaker) : undefined
    if (!permit) return void outcome.untried.push(...waiting.flat().map(({ seq }) => seq))
    waiting = await request(one, waiting, { outcome, permit })
  }
}

const permitOf = (guard: Breaker): Permit | undefined => {
  try {
    return guard.acquire()
  } catch {
    return undefined
  }
}

/** One call for the breaker. @returns what each aggregate has left to send; nothing, after a row that was not sent */
async function request(
  one: Relay,
  queues: readonly Row[][],
  { outcome, permit }: { outcome: Outcome; permit: Permit },
): Promise<Row[][]> {
  const startedAt = performance.now()
  const ends = await Promise.all(queues.map(([first]) => first && tried(one, first, outcome)))
  const ms = performance.now() - startedAt
  if (ends.includes('outage')) permit.failure(ms)
  else if (ends.includes('published')) permit.success(ms)
  else permit.release()
  return queues.flatMap(([, ...rest], at) => {
    if (ends[at] === 'published') return rest.length > 0 ? [rest] : []
    outcome.untried.push(...rest.map(({ seq }) => seq))
    return []
  })
}

async function tried(
  one: Relay,
  row: Row,
  outcome: Outcome,
): Promise<'published' | 'outage' | 'refused'> {
  try {
    await publishRow(one, row)
    outcome.published.push(row.seq)
    return 'published'
  } catch (error) {
    if (error instanceof PublishError && error.retriable) {
      outcome.outage = error
      outcome.untried.push(row.seq)
      return 'outage'
    }
    outcome.refused.push({ seq: row.seq, error: (error as Error).message })
    return 'refused'
  }
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

async function settle(one: Relay, outcome: Outcome): Promise<void> {
  const { context, database, name } = one
  await notePublished(one, outcome)
  for (const refused of outcome.refused) {
    context.log.error(refused, 'outbox event is refused by the broker')
    await markRefused(database, name, refused)
  }
  await giveBack(database, name, outcome.untried)
}

/** Whatever else we hold was claimed by a statement whose reply was lost, or is to be tried again: it need not wait. */
async function settleLate(one: Relay, outcome: Outcome): Promise<void> {
  await notePublished(one, outcome)
  await giveBackAll(one.database, one.name)
}

async function notePublished({ context, database }: Relay, { published }: Outcome): Promise<void> {
  await markPublished(database, published)
  context.meter.add(outboxPublished, undefined, published.splice(0).length)
}

async function showBacklog({ context: { meter }, database }: Relay): Promise<void> {
  const backlog = await readBacklog(database)
  meter.set(outboxPending, undefined, backlog?.pending ?? 0)
  meter.set(outboxDead, undefined, backlog?.dead ?? 0)
  meter.set(outboxOldestAge, undefined, backlog?.oldestSeconds ?? 0)
}
