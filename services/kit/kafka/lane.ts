import kafkajs, { type IHeaders, type Message, type Producer, type RecordMetadata } from 'kafkajs'
import type { Topic } from '../../model/topic.ts'
import { within } from '../within.ts'
import { retries, type Connection } from './client.ts'
import { PublishError, publishErrorOf, timedOut } from './publish-error.ts'

/** Bytes for one topic, as the accumulator takes them. */
export interface Parcel {
  readonly key: string | Buffer | null
  readonly value: Buffer | null
  readonly headers: IHeaders
  readonly signal?: AbortSignal | undefined
}

/** Where the broker put a message. */
export interface Placed {
  readonly partition: number
  readonly offset: bigint
}

/** All messages of one topic, on a connection of their own. */
export interface Lane {
  /** Connects before the first message asks for it. Rejects while the broker is away; `send` tries again. */
  connect(): Promise<void>
  /** Resolves when the broker acknowledged it. @throws PublishError */
  send(parcel: Parcel): Promise<Placed>
  /** Sends what waits, then closes. */
  close(): Promise<void>
}

/**
 * kafkajs has no linger of its own: one message a request costs 5 × the CPU of 500. `queued`: what waits at most,
 * about two seconds of the measured rate. `spareBytes`: a message that is nearer to its topic's limit is refused here
 * already.
 */
const limits = {
  lingerMs: 5,
  messages: 500,
  bytes: 512 * 1024,
  queued: 20_000,
  spareBytes: 48_588,
  sendMs: 10_000,
  ackMs: 4000,
  closeMs: 5000,
}

/** For headers and record framing. */
const overheadBytes = 256

interface Entry {
  readonly parcel: Parcel
  readonly bytes: number
  readonly settle: PromiseWithResolvers<Placed>
  abandoned: boolean
}

/**
 * The accumulator of one topic: 5 ms, 500 messages or 512 kB make a request, and one request is under way at a time.
 * A message that the broker refuses is found by sending its batch one by one; the others are acknowledged (those of
 * partitions that had taken the batch are then there twice, with the same `ce_id`).
 */
export function openLane(
  connection: Connection,
  { name: topic, maxMessageBytes }: Pick<Topic, 'name' | 'maxMessageBytes'>,
): Lane {
  const allowed = maxMessageBytes - limits.spareBytes
  const queue: Entry[] = []
  const producers = producerSource(connection)
  let pump: Promise<void> | undefined
  let closed = false

  const drain = async (): Promise<void> => {
    if (queue.length < limits.messages && !closed) await lingered()
    while (queue.length > 0) {
      const batch = takeBatch(queue)
      if (batch.length > 0) await deliver(producers, connection.named(topic), batch)
    }
  }
  const wake = (): void => {
    pump ??= drain().finally(() => {
      pump = undefined
      if (queue.length > 0) wake()
    })
  }

  return {
    connect: producers.connect,
    send: (parcel) => {
      const bytes = (parcel.value?.length ?? 0) + (parcel.key?.length ?? 0) + overheadBytes
      const refusal = refusalOf(topic, { bytes, allowed, queued: queue.length, closed })
      if (refusal) return Promise.reject(refusal)
      const entry: Entry = { parcel, bytes, settle: Promise.withResolvers(), abandoned: false }
      watchSignal(topic, entry)
      queue.push(entry)
      wake()
      return entry.settle.promise
    },
    close: async () => {
      closed = true
      await within(pump ?? Promise.resolve(), limits.closeMs).catch(() => undefined)
      for (const { settle } of queue.splice(0)) settle.reject(stopped(topic))
      await within(producers.close(), limits.closeMs).catch(() => undefined)
    },
  }
}

function refusalOf(
  topic: string,
  wish: { bytes: number; allowed: number; queued: number; closed: boolean },
): PublishError | undefined {
  const { bytes, allowed, queued, closed } = wish
  if (bytes > allowed)
    return new PublishError('TOO_LARGE', `A message of ${bytes} bytes is too large for ${topic}.`)
  if (queued >= limits.queued)
    return new PublishError('OVERLOADED', `${limits.queued} messages already wait for ${topic}.`)
  return closed ? stopped(topic) : undefined
}

const stopped = (topic: string): PublishError =>
  new PublishError('UNAVAILABLE', `The publisher of ${topic} has stopped.`)

/** Who gave up waiting is told so at once; what has not been sent by then never is. */
function watchSignal(topic: string, entry: Entry): void {
  const { signal } = entry.parcel
  if (!signal) return
  const giveUp = (): void => {
    entry.abandoned = true
    entry.settle.reject(timedOut(topic, signal.reason))
  }
  if (signal.aborted) return giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  const forget = (): void => signal.removeEventListener('abort', giveUp)
  entry.settle.promise.then(forget, forget)
}

const lingered = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, limits.lingerMs)
  })

function takeBatch(queue: Entry[]): Entry[] {
  let count = 0
  let bytes = 0
  for (const entry of queue) {
    if (count === limits.messages || (count > 0 && bytes + entry.bytes > limits.bytes)) break
    bytes += entry.bytes
    count += 1
  }
  return queue.splice(0, count).filter((entry) => !entry.abandoned)
}

async function deliver(producers: ProducerSource, topic: string, batch: Entry[]): Promise<void> {
  try {
    const placed = await producers.send(topic, batch)
    batch.forEach((entry, index) => entry.settle.resolve(placed[index] as Placed))
  } catch (error) {
    const failure = publishErrorOf(topic, error)
    if (failure.retriable || batch.length === 1) {
      for (const entry of batch) entry.settle.reject(failure)
      return
    }
    for (const entry of batch) await deliver(producers, topic, [entry])
  }
}

interface ProducerSource {
  connect(): Promise<void>
  send(topic: string, batch: readonly Entry[]): Promise<Placed[]>
  close(): Promise<void>
}

/**
 * After a failed request kafkajs gives its sequence numbers to the next one. Had the broker taken the first, it would
 * take the next for a repetition, acknowledge it and drop it. So a producer that failed is replaced: the new one has
 * an id of its own.
 */
function producerSource({ client }: Connection): ProducerSource {
  const partitions = new WeakMap<Message, number>()
  let current: Promise<Producer> | undefined
  const create = async (): Promise<Producer> => {
    const producer = client.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => noting(partitions),
      retry: retries.brief,
    })
    await producer.connect()
    return producer
  }
  const discard = (): void => {
    const gone = current
    current = undefined
    gone?.then((producer) => producer.disconnect()).catch(() => undefined)
  }
  const producerNow = (): Promise<Producer> => (current ??= create())
  const attempt = async (topic: string, messages: Message[]): Promise<RecordMetadata[]> => {
    const producer = await producerNow()
    return producer.send({ topic, messages, acks: -1, timeout: limits.ackMs })
  }
  return {
    connect: async () => {
      await producerNow().catch((error: unknown) => {
        discard()
        throw error
      })
    },
    send: async (topic, batch) => {
      const messages = batch.map(({ parcel }) => messageOf(parcel))
      try {
        const acknowledged = await within(attempt(topic, messages), limits.sendMs)
        return placesOf(messages, partitions, acknowledged)
      } catch (error) {
        discard()
        throw isLate(error) ? timedOut(topic, error) : error
      }
    },
    close: async () => {
      const producer = await current?.catch(() => undefined)
      await producer?.disconnect()
    },
  }
}

/** A record without a key goes to partition 0: a random partition would differ between attempts of one request. */
const messageOf = ({ key, value, headers }: Parcel): Message => ({
  key,
  value,
  headers: writable(headers),
  ...(key === null && { partition: 0 }),
})

/** kafkajs cannot write a header without a value, which other producers can: it becomes an empty one. */
function writable(headers: IHeaders): IHeaders {
  const given = Object.entries(headers) as [string, unknown][]
  if (given.every(([, value]) => typeof value === 'string')) return headers
  return Object.fromEntries(
    given.map(([name, value]) => [name, [value].flat().map((one) => (one ?? '') as Buffer)]),
  )
}

const isLate = (error: unknown): boolean =>
  (error as Error).message === `not done within ${limits.sendMs} ms`

/** The default partitioner (murmur2, as Java's), which remembers what it said. */
function noting(partitions: WeakMap<Message, number>) {
  const partition = kafkajs.Partitioners.DefaultPartitioner()
  return (given: Parameters<typeof partition>[0]): number => {
    const chosen = partition(given)
    partitions.set(given.message, chosen)
    return chosen
  }
}

/** The broker answers with the first offset of each partition; a request's messages follow it in their order. */
function placesOf(
  messages: readonly Message[],
  partitions: WeakMap<Message, number>,
  acknowledged: readonly RecordMetadata[],
): Placed[] {
  const next = new Map(acknowledged.map((one) => [one.partition, BigInt(one.baseOffset ?? -1)]))
  return messages.map((message) => {
    const partition = partitions.get(message) ?? -1
    const offset = next.get(partition) ?? -1n
    next.set(partition, offset + 1n)
    return { partition, offset }
  })
}
