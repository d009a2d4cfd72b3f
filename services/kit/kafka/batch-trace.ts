import { randomUUID } from 'node:crypto'
import {
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Attributes,
  type Context as TraceContext,
  type Span,
} from '@opentelemetry/api'
import type { Topic } from '../../model/topic.ts'
import type { Context } from '../context.ts'
import { givenUpBy } from '../dead-letter.ts'
import { collectingStoreCalls, countEdge, mergedStoreCalls } from '../edges.ts'
import { contextFrom, inSpan, markFailed, startSpan } from '../spans.ts'
import { sourceOf } from './publisher.ts'
import type { Batch, Received } from './received.ts'

/** More `process` spans than this say nothing new of a batch. */
const processSpans = 100

interface Traced {
  readonly topic: Topic
  readonly group: string
  readonly batch: Batch<unknown>
  /** A batch that fails again and again is told of once. */
  readonly again: boolean
}

/**
 * Runs a batch's handler in a span with a trace of its own. Each sampled message (100 at most) then gets a span
 * `process <topic>`, child of its producer's, with the batch's times and the `db.*` attributes of the store calls.
 * A batch without a sampled message leaves no spans.
 */
export async function inBatchSpan<Value>(
  context: Context,
  traced: Traced,
  work: () => Promise<Value>,
): Promise<Value> {
  const { topic, batch } = traced
  const parents = batch.records.flatMap(sampledParent).slice(0, processSpans)
  const parent = parents.length > 0 ? 'root' : unsampled()
  const calls: Attributes[] = []
  const startTime = Date.now()
  const attributes = { ...fixedOf(traced), 'messaging.batch.message_count': batch.records.length }
  const start = { kind: SpanKind.CONSUMER, parent, attributes, startTime } as const
  return inSpan(context.tracer, `batch ${topic.name}`, start, async (span) => {
    const tell = (error?: unknown): void => {
      countProducers(context, batch, error !== undefined)
      if (traced.again && error !== undefined) return
      const shared = { ...fixedOf(traced), ...mergedStoreCalls(calls) }
      for (const one of parents)
        processSpan(context, topic, { ...one, span, startTime, shared, error })
    }
    try {
      const value = await collectingStoreCalls(calls, work)
      tell()
      return value
    } catch (error) {
      tell(error)
      throw error
    }
  })
}

interface Sampled {
  readonly record: Received<unknown>
  readonly producer: TraceContext
}

function sampledParent(record: Received<unknown>): Sampled[] {
  const traceparent = record.header('traceparent')
  if (traceparent?.endsWith('-01') !== true) return []
  return [{ record, producer: contextFrom(traceparent) }]
}

function processSpan(
  { tracer }: Context,
  topic: Topic,
  told: Sampled & { span: Span; startTime: number; shared: Attributes; error: unknown },
): void {
  const { record, producer, span, startTime, shared, error } = told
  const id = record.header('ce_id')
  const attributes = {
    ...shared,
    'messaging.kafka.offset': Number(record.offset),
    'messaging.kafka.message.key': record.key,
    ...(id !== undefined && { 'messaging.message.id': id }),
  }
  const made = startSpan(tracer, `process ${topic.name}`, {
    kind: SpanKind.CONSUMER,
    parent: producer,
    links: [{ context: span.spanContext() }],
    startTime,
    attributes,
  })
  if (error !== undefined) markFailed(made, error)
  made.end()
}

/** The map's edge runs from the producing to the consuming service; outsiders are not on it. */
function countProducers(context: Context, { records }: Batch<unknown>, failed: boolean): void {
  const counts = new Map<string, number>()
  for (const record of records) {
    const client = record.header(givenUpBy) ?? producerIn(record.header('ce_source'))
    if (client === undefined) continue
    counts.set(client, (counts.get(client) ?? 0) + 1)
  }
  const server = context.service.name
  for (const [client, count] of counts)
    countEdge(context, { client, server, type: 'messaging_system' }, failed, count)
}

const producerIn = (source = ''): string | undefined =>
  source.startsWith(sourceOf('')) ? source.slice(sourceOf('').length) : undefined

const fixedOf = ({ topic, group, batch }: Traced): Attributes => ({
  'messaging.system': 'kafka',
  'messaging.destination.name': topic.name,
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.consumer.group.name': group,
  'messaging.destination.partition.id': String(batch.partition),
})

/** A parent that says no, so that the sampler does not record a batch that nobody looks for. */
const unsampled = (): TraceContext => {
  const traceId = randomUUID().replaceAll('-', '')
  const spanId = traceId.slice(0, 16)
  const traceFlags = TraceFlags.NONE
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}
