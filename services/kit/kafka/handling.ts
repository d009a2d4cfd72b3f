import type { EachBatchPayload } from 'kafkajs'
import { inBatchSpan } from './batch-trace.ts'
import type { Duty } from './duty.ts'
import { isUnreadable, read, type Batch, type Received } from './received.ts'

const heartbeatEveryMs = 1000

/**
 * A handler may take longer than the session. What a heartbeat says (a rebalance) is thrown when the batch is done:
 * its offsets are still accepted then.
 */
export function keepBeating(payload: EachBatchPayload) {
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

/** kafkajs keeps it and leaves it out of its types. */
const askedFor = (fetched: EachBatchPayload['batch']): bigint =>
  BigInt((fetched as unknown as { fetchedOffset: string }).fetchedOffset)

/** What became of a batch. */
export type Outcome = { readonly seek?: bigint | undefined } | { readonly error: unknown }

/** Unreadable records go to the dead letters first: a crash then repeats them rather than losing them. */
export async function handle<V>(
  duty: Duty<V>,
  { batch: fetched }: EachBatchPayload,
  again: boolean,
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
      firstOffset: askedFor(fetched),
      nextOffset: BigInt(fetched.lastOffset()) + 1n,
      highWatermark: BigInt(fetched.highWatermark),
    }
    const result = await inBatchSpan(context, { topic, group, batch, again }, () =>
      consumer.batch(batch),
    )
    return { seek: result?.seek }
  } catch (error) {
    return { error }
  }
}
