import { SpanKind, trace, context as active, type Link, type Span } from '@opentelemetry/api'
import { v7 as uuid } from 'uuid'
import type { Topic } from '../../model/topic.ts'
import type { Context } from '../context.ts'
import { contextFrom, markFailed, startSpan, traceparentOf } from '../spans.ts'
import type { Connection } from './client.ts'
import { openLane, type Lane, type Parcel, type Placed } from './lane.ts'
import { PublishError } from './publish-error.ts'

/** What a service publishes. */
export interface Message<V> {
  /** The aggregate's id; records of one key keep their order. */
  readonly key: string
  readonly value: V
  /** CloudEvents id; defaults to a UUIDv7. */
  readonly id?: string
  /** When it happened, epoch milliseconds; defaults to now. */
  readonly time?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Parent of the `send` span; defaults to the active span. */
  readonly traceparent?: string
  readonly links?: readonly Link[]
  /** When it aborts, `publish` rejects with TIMEOUT; what was not sent by then never is. */
  readonly signal?: AbortSignal
}

/** Bytes that go to a topic as they are: dead letters and their replay. */
export interface RawMessage {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string | Buffer | (string | Buffer)[]>>
  readonly signal?: AbortSignal
}

/** Publishes to topics; one accumulator per topic (5 ms, 500 messages or 512 kB). */
export interface Publisher {
  /** Connects for a topic, so that its first message need not wait. Rejects while the broker is away. */
  connect(topic: Topic): Promise<void>
  /**
   * Resolves when all in-sync replicas have the message. Span `send <topic>`, CloudEvents 1.0 and W3C trace headers.
   * @throws PublishError
   */
  publish<V>(topic: Topic<V>, message: Message<V>): Promise<Placed>
  /**
   * Publishes bytes as they are, as the next step of their own trace: span `send <topic>` under their `traceparent`,
   * which it replaces. @throws PublishError
   */
  forward(topic: Topic, message: RawMessage): Promise<Placed>
  /** As `forward`, but within the trace of whoever asks, with a link to the bytes' own. @throws PublishError */
  replay(topic: Topic, message: RawMessage): Promise<Placed>
  /** Sends what waits, then closes. The kit calls it in stage `stores`. */
  close(): Promise<void>
}

/** `ce_source` of a service's events; consumers read the producer's name from it. */
export const sourceOf = (service: string): string => `/maru/${service}`

export function createPublisher(context: Context, connection: Connection): Publisher {
  const lanes = new Map<string, Lane>()
  const laneOf = (topic: Topic): Lane => {
    const lane = lanes.get(topic.name) ?? openLane(connection, topic)
    lanes.set(topic.name, lane)
    return lane
  }
  const sent = async (topic: Topic, span: Span, parcel: Parcel): Promise<Placed> => {
    try {
      const placed = await laneOf(topic).send(parcel)
      span.setAttributes({
        'messaging.destination.partition.id': String(placed.partition),
        'messaging.kafka.offset': Number(placed.offset),
      })
      return placed
    } catch (error) {
      markFailed(span, error)
      throw error
    } finally {
      span.end()
    }
  }
  const raw = (
    topic: Topic,
    { key, value, headers, signal }: RawMessage,
    origin: Pick<Message<unknown>, 'links' | 'traceparent'>,
  ): Promise<Placed> => {
    const { tracestate: _, ...own } = headers
    const span = startSend(context, topic, { key: key?.toString() ?? '', ...origin })
    const now = traceparentIn(span)
    const traced = { ...own, ...(now !== undefined && { traceparent: now }) }
    return sent(topic, span, { key, value, headers: traced, signal })
  }
  return {
    connect: (topic) => laneOf(topic).connect(),
    publish: async (topic, message) => {
      const value = encoded(topic, message.value)
      const span = startSend(context, topic, message)
      const headers = headersOf(context, topic, { message, span })
      const { key, signal } = message
      return sent(topic, span, { key, value, headers, signal })
    },
    forward: (topic, message) => {
      const { traceparent } = message.headers
      return raw(
        topic,
        message,
        traceparent === undefined ? {} : { traceparent: String(traceparent) },
      )
    },
    replay: (topic, message) =>
      raw(topic, message, { links: linksTo(String(message.headers['traceparent'])) }),
    close: async () => {
      await Promise.all([...lanes.values()].map((lane) => lane.close()))
    },
  }
}

function encoded(topic: Topic, value: unknown): Buffer {
  try {
    const text = JSON.stringify(value) as string | undefined
    if (text !== undefined) return Buffer.from(text)
  } catch (error) {
    throw new PublishError('REFUSED', `A value for ${topic.name} is not serialisable.`, error)
  }
  throw new PublishError('REFUSED', `A value for ${topic.name} is not serialisable.`)
}

/** A link to the trace that a `traceparent` names; none where it names none. */
function linksTo(traceparent: string): Link[] {
  const origin = trace.getSpanContext(contextFrom(traceparent))
  return origin ? [{ context: origin }] : []
}

const traceparentIn = (span: Span): string | undefined =>
  traceparentOf(trace.setSpan(active.active(), span))

function startSend(
  { tracer }: Context,
  topic: Topic,
  message: Pick<Message<unknown>, 'key' | 'links' | 'traceparent'>,
): Span {
  const { key, links, traceparent } = message
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.destination.name': topic.name,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.kafka.message.key': key,
  }
  return startSpan(tracer, `send ${topic.name}`, {
    kind: SpanKind.PRODUCER,
    attributes,
    ...(links && { links }),
    ...(traceparent !== undefined && { parent: contextFrom(traceparent) }),
  })
}

/** CloudEvents 1.0, binary content mode of the Kafka protocol binding. */
function headersOf<V>(
  { clock, service }: Context,
  topic: Topic,
  { message, span }: { message: Message<V>; span: Span },
): Record<string, string> {
  const traceparent = traceparentIn(span)
  return {
    ...message.headers,
    ce_specversion: '1.0',
    ce_id: message.id ?? uuid(),
    ce_source: sourceOf(service.name),
    ce_type: topic.type,
    ce_time: new Date(message.time ?? clock()).toISOString(),
    'content-type': 'application/json',
    ...(traceparent !== undefined && { traceparent }),
  }
}
