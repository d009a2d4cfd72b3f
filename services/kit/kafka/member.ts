import type { Consumer, EachBatchPayload } from 'kafkajs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Consumption } from '../../model/topic.ts'
import type { Context } from '../context.ts'
import type { DeadLetters } from '../dead-letter.ts'
import { inBatchSpan } from './batch-trace.ts'
import { retries, type Connection } from './client.ts'
import type { Offsets } from './offsets.ts'
import { isUnreadable, read, type Batch, type BatchConsumer, type Received } from './received.ts'

/** What one consumption works with, over all members that it needs in its life. */
export interface Duty<V> {
  readonly context: Context
  readonly connection: Connection
  readonly consumption: Consumption<V>
  readonly consumer: BatchConsumer<V>
  readonly letters: DeadLetters
  readonly offsets: () => Promise<Offsets>
}

/** A member's life signs and its end. */
export interface Watch {
  /** The broker answered a heartbeat or let it join. */
  alive(): void
  crashed(error: unknown): void
  readonly stopped: AbortSignal
}

const settings = {
  sessionTimeout: 10_000,
  heartbeatInterval: 3000,
  rebalanceTimeout: 30_000,
  // A seek, a resume and a stop wait for the fetch that is under way.
  maxWaitTimeInMs: 500,
  maxBytesPerPartition: 1024 * 1024,
  allowAutoTopicCreation: false,
}
const partitionsAtOnce = 8
const heartbeatEveryMs = 1000
const longestBackoffMs = 10_000

/** Wait before a batch comes again: 1, 2, 4, 8, 10, 10 … s. */
export const backoffMs = (attempts: number): number =>
  Math.min(1000 * 2 ** (attempts - 1), longestBackoffMs)

/** A member of a group that consumes. */
export interface Member {
  /** Reads a partition on from `offset`; ignored where this member does not process that partition. */
  seek(partition: number, offset: bigint): void
  disconnect(): Promise<void>
}

/** Joins the group and processes until it is disconnected. */
export async function join<V>(duty: Duty<V>, watch: Watch): Promise<Member> {
  const { connection, consumption } = duty
  const topic = connection.named(consumption.topic.name)
  const consumer = connection.client.consumer({
    ...settings,
    groupId: connection.named(consumption.group),
    // After a crash the kit makes a new member; kafkajs would leave out the errors that it calls not retriable.
    retry: { ...retries.patient, restartOnFailure: async () => false },
  })
  const partitions = assignments(duty, watch, consumer)
  const { CRASH, GROUP_JOIN, HEARTBEAT } = consumer.events
  consumer.on(CRASH, ({ payload }) => watch.crashed(payload.error))
  // Fetches are reported when they fail, too; a heartbeat was answered.
  consumer.on(HEARTBEAT, () => watch.alive())
  // Listeners run before the first fetch of the new assignment, and `assigned` pauses before it awaits.
  consumer.on(GROUP_JOIN, ({ payload }) => {
    watch.alive()
    partitions.assigned(payload.memberAssignment[topic] ?? [])
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: partitionsAtOnce,
    eachBatch: (payload) => partitions.process(payload),
  })
  return { seek: partitions.seek, disconnect: () => consumer.disconnect() }
}

interface Troubles {
  attempts: number
  readonly firstFailedAt: number
}

/** The partitions of one member: which may be processed, and which wait after a failure. */
function assignments<V>(duty: Duty<V>, watch: Watch, consumer: Consumer) {
  const { context, connection, consumption } = duty
  const topic = connection.named(consumption.topic.name)
  const open = new Set<number>()
  const troubles = new Map<number, Troubles>()
  let generation = 0

  const hold = (partition: number): void => {
    open.delete(partition)
    consumer.pause([{ topic, partitions: [partition] }])
  }
  const release = (partition: number): void => {
    open.add(partition)
    consumer.resume([{ topic, partitions: [partition] }])
  }
  const seek = (partition: number, offset: bigint): void =>
    consumer.seek({ topic, partition, offset: String(offset) })

  const start = async (partition: number, mine: number): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const offset = await startOf(duty, partition)
        if (mine !== generation || watch.stopped.aborted) return
        if (offset !== undefined) seek(partition, offset)
        return release(partition)
      } catch (err) {
        context.log.warn(
          { err, topic: consumption.topic.name, partition },
          'start offset is not known yet',
        )
        await delay(backoffMs(attempt), undefined, { signal: watch.stopped }).catch(() => undefined)
        if (mine !== generation || watch.stopped.aborted) return
      }
    }
  }

  const failed = (partition: number, error: unknown): void => {
    const known = troubles.get(partition) ?? { attempts: 0, firstFailedAt: context.clock() }
    known.attempts += 1
    troubles.set(partition, known)
    const retryInMs = backoffMs(known.attempts)
    const line = {
      err: error,
      topic: consumption.topic.name,
      partition,
      attempts: known.attempts,
      retryInMs,
    }
    context.log.error(line, 'batch failed and comes again')
    hold(partition)
    const mine = generation
    void delay(retryInMs, undefined, { signal: watch.stopped }).then(
      () => mine === generation && release(partition),
      () => undefined,
    )
  }

  return {
    seek: (partition: number, offset: bigint): void => {
      if (open.has(partition)) seek(partition, offset)
    },
    assigned: (partitions: readonly number[]): void => {
      generation += 1
      open.clear()
      troubles.clear()
      for (const partition of partitions) hold(partition)
      for (const partition of partitions) void start(partition, generation)
    },
    process: async (payload: EachBatchPayload): Promise<void> => {
      const { partition } = payload.batch
      if (!open.has(partition) || payload.isStale() || !payload.isRunning()) return
      const beating = keepBeating(payload)
      try {
        const outcome = await handle(duty, payload, troubles.get(partition))
        if ('error' in outcome) return failed(partition, outcome.error)
        troubles.delete(partition)
        if (outcome.seek === undefined) await commit(payload, topic)
        else seek(partition, outcome.seek)
      } finally {
        beating.stop()
      }
      beating.rethrow()
    },
  }
}

async function startOf<V>(duty: Duty<V>, partition: number): Promise<bigint | undefined> {
  const { consumer, consumption } = duty
  const from = await consumer.startFrom?.(partition)
  if (from === undefined || typeof from === 'bigint') return from
  const offsets = await duty.offsets()
  return (await offsets.since(consumption.topic, from.timestamp)).get(partition)
}

/**
 * A handler may take longer than the session. What a heartbeat says (a rebalance) is thrown when the batch is done:
 * its offsets are still accepted then.
 */
function keepBeating(payload: EachBatchPayload) {
  let said: unknown
  const timer = setInterval(() => {
    payload.heartbeat().catch((error: unknown) => (said ??= error))
  }, heartbeatEveryMs)
  return {
    stop: () => clearInterval(timer),
    rethrow: () => {
      if (said !== undefined) throw said
    },
  }
}

async function commit(
  { batch, resolveOffset, commitOffsetsIfNecessary }: EachBatchPayload,
  topic: string,
): Promise<void> {
  resolveOffset(batch.lastOffset())
  const offset = String(BigInt(batch.lastOffset()) + 1n)
  await commitOffsetsIfNecessary({
    topics: [{ topic, partitions: [{ partition: batch.partition, offset }] }],
  })
}

type Outcome = { readonly seek?: bigint | undefined } | { readonly error: unknown }

/** Unreadable records go to the dead letters first: a crash then repeats them rather than losing them. */
async function handle<V>(
  duty: Duty<V>,
  { batch: fetched }: EachBatchPayload,
  troubles: Troubles | undefined,
): Promise<Outcome> {
  const { context, consumer, consumption, letters } = duty
  const { topic, group } = consumption
  const all = fetched.messages.map((message) => read(topic, fetched.partition, message))
  const records = all.filter((one): one is Received<V> => !isUnreadable(one))
  try {
    for (const one of all.filter(isUnreadable))
      await letters.send(one, { cause: one.reason, attempts: 1, firstFailedAt: context.clock() })
    // A consumer that keeps its own positions must hear of every offset.
    if (records.length === 0 && consumer.startFrom === undefined) return {}
    const batch: Batch<V> = {
      partition: fetched.partition,
      records,
      firstOffset: BigInt(fetched.messages[0]?.offset ?? 0),
      nextOffset: BigInt(fetched.lastOffset()) + 1n,
      highWatermark: BigInt(fetched.highWatermark),
    }
    const again = troubles !== undefined
    const result = await inBatchSpan(context, { topic, group, batch, again }, () =>
      consumer.batch(batch),
    )
    return { seek: result?.seek }
  } catch (error) {
    return { error }
  }
}
