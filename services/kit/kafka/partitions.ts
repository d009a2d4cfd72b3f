import { setTimeout as delay } from 'node:timers/promises'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import { counter } from '../../model/metric.ts'
import type { Duty, Watch } from './duty.ts'
import { handle, keepBeating } from './handling.ts'
import { roundsOf } from './rounds.ts'

export const batchesFailed = counter<'group'>('kafka_batches_failed_total', {
  help: 'Batches whose processing failed; they come again',
  labels: { group: [] },
})

/** Nobody notices, and a batch costs many times what a record does. */
const gatherMs = 10
const longestBackoffMs = 10_000

/** Wait before a batch comes again: 1, 2, 4, 8, 10, 10 … s. */
const backoffMs = (attempts: number): number =>
  Math.min(1000 * 2 ** (attempts - 1), longestBackoffMs)

/** The partitions of one member: which may be processed, and which wait after a failure. */
export interface Partitions {
  /** A new assignment: nothing of it is processed until its start is known. */
  assigned(partitions: readonly number[]): void
  process(payload: EachBatchPayload): Promise<void>
  /** Reads an open partition on from `offset`. */
  seek(partition: number, offset: bigint): void
}

export function partitionsOf<V>(duty: Duty<V>, watch: Watch, consumer: Consumer): Partitions {
  const topic = duty.connection.named(duty.consumption.topic.name)
  const gate = gateOf(consumer, topic)
  const rounds = roundsOf(topic, duty.consumer.gatherMs ?? gatherMs, watch.stopped)
  const attempts = new Map<number, number>()
  const generation = { current: 0 }

  const failed = (partition: number, err: unknown): void => {
    const count = (attempts.get(partition) ?? 0) + 1
    attempts.set(partition, count)
    const retryInMs = backoffMs(count)
    const line = { err, topic: duty.consumption.topic.name, partition, attempts: count, retryInMs }
    duty.context.log.error(line, 'batch failed and comes again')
    duty.context.meter.add(batchesFailed, { group: duty.consumption.group })
    gate.hold(partition)
    const mine = generation.current
    void delay(retryInMs, undefined, { signal: watch.stopped }).then(
      () => mine === generation.current && gate.release(partition),
      () => undefined,
    )
  }

  return {
    seek: (partition, offset) => {
      if (gate.open.has(partition)) gate.seek(partition, offset)
    },
    assigned: (partitions) => {
      const mine = (generation.current += 1)
      const current = (): boolean => mine === generation.current && !watch.stopped.aborted
      attempts.clear()
      rounds.forget()
      gate.open.clear()
      for (const partition of partitions) gate.hold(partition)
      for (const partition of partitions)
        void openAtStart(duty, watch, { partition, gate, current })
    },
    process: async (payload) => {
      const { partition } = payload.batch
      if (!gate.open.has(partition) || payload.isStale() || !payload.isRunning()) return
      const beating = keepBeating(payload)
      try {
        await rounds.run(payload, async () => {
          const outcome = await handle(duty, payload, attempts.has(partition))
          if ('error' in outcome) return failed(partition, outcome.error)
          attempts.delete(partition)
          if (outcome.seek === undefined) rounds.done(payload)
          else gate.seek(partition, outcome.seek)
        })
      } finally {
        beating.stop()
      }
      beating.rethrow()
    },
  }
}

interface Gate {
  /** Partitions that may be processed. */
  readonly open: Set<number>
  hold(partition: number): void
  release(partition: number): void
  seek(partition: number, offset: bigint): void
}

function gateOf(consumer: Consumer, topic: string): Gate {
  const open = new Set<number>()
  return {
    open,
    hold: (partition) => {
      open.delete(partition)
      consumer.pause([{ topic, partitions: [partition] }])
    },
    release: (partition) => {
      open.add(partition)
      consumer.resume([{ topic, partitions: [partition] }])
    },
    seek: (partition, offset) => consumer.seek({ topic, partition, offset: String(offset) }),
  }
}

/** Opens a partition where its consumer wants to start; asks again while that is not known. */
async function openAtStart<V>(
  duty: Duty<V>,
  watch: Watch,
  { partition, gate, current }: { partition: number; gate: Gate; current: () => boolean },
): Promise<void> {
  for (let attempt = 1; current(); attempt += 1) {
    try {
      const offset = await startOf(duty, partition)
      if (!current()) return
      if (offset !== undefined) gate.seek(partition, offset)
      return gate.release(partition)
    } catch (err) {
      const line = { err, topic: duty.consumption.topic.name, partition }
      duty.context.log.warn(line, 'start offset is not known yet')
      await delay(backoffMs(attempt), undefined, { signal: watch.stopped }).catch(() => undefined)
    }
  }
}

async function startOf<V>(duty: Duty<V>, partition: number): Promise<bigint | undefined> {
  const { consumer, consumption } = duty
  const from = await consumer.startFrom?.(partition)
  if (from === undefined || typeof from === 'bigint') return from
  const offsets = await duty.offsets()
  return (await offsets.since(consumption.topic, from.timestamp)).get(partition)
}
