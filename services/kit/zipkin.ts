import { SpanKind, SpanStatusCode, type Attributes, type HrTime } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { request } from 'undici'

type Done = Parameters<SpanExporter['export']>[1]

/** A span in Zipkin's v2 JSON. */
export interface ZipkinSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId?: string
  readonly name: string
  readonly kind?: string
  /** Microseconds since the epoch. */
  readonly timestamp: number
  /** Microseconds, at least 1. */
  readonly duration: number
  readonly localEndpoint: { readonly serviceName: string }
  readonly remoteEndpoint?: { readonly serviceName: string }
  readonly tags: Readonly<Record<string, string>>
  readonly annotations: readonly { readonly timestamp: number; readonly value: string }[]
}

const exportWithinMs = 2000

/**
 * Exports to Zipkin with what the stock exporter leaves out: links (tag `link.N` = `<trace>-<span>`), event
 * attributes, and remote endpoints, without which Zipkin draws no edge to brokers and databases.
 * @param url the v2 spans endpoint, e.g. `http://127.0.0.1:9411/api/v2/spans`
 */
export function zipkinExporter(url: string): SpanExporter {
  const busy = new Set<Promise<void>>()
  const settle = async (): Promise<void> => void (await Promise.all(busy))
  return {
    export: (spans, done) => {
      const sending = send(url, spans, done).finally(() => busy.delete(sending))
      busy.add(sending)
    },
    forceFlush: settle,
    shutdown: settle,
  }
}

async function send(url: string, spans: readonly ReadableSpan[], done: Done): Promise<void> {
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(spans.map(toZipkin)),
      signal: AbortSignal.timeout(exportWithinMs),
    })
    await body.dump()
    if (statusCode !== 202) throw new Error(`Zipkin answered ${statusCode}`)
    done({ code: 0 })
  } catch (error) {
    done({ code: 1, error: error as Error })
  }
}

/** One finished span in Zipkin's form. */
export function toZipkin(span: ReadableSpan): ZipkinSpan {
  const { traceId, spanId } = span.spanContext()
  const kind = zipkinKinds[span.kind]
  const remote = remoteName(span.kind, span.attributes)
  const parentId = span.parentSpanContext?.spanId
  return {
    traceId,
    id: spanId,
    ...(parentId && { parentId }),
    name: span.name,
    ...(kind && { kind }),
    timestamp: micros(span.startTime),
    duration: Math.max(1, micros(span.duration)),
    localEndpoint: { serviceName: text(span.resource.attributes['service.name'] ?? 'unknown') },
    ...(remote && { remoteEndpoint: { serviceName: remote } }),
    tags: tagsOf(span),
    annotations: span.events.map((event) => ({ timestamp: micros(event.time), value: event.name })),
  }
}

const zipkinKinds: Readonly<Record<SpanKind, string | undefined>> = {
  [SpanKind.CLIENT]: 'CLIENT',
  [SpanKind.SERVER]: 'SERVER',
  [SpanKind.PRODUCER]: 'PRODUCER',
  [SpanKind.CONSUMER]: 'CONSUMER',
  [SpanKind.INTERNAL]: undefined,
}

function tagsOf(span: ReadableSpan): Record<string, string> {
  const { status, links, events } = span
  const own = Object.entries({ ...span.resource.attributes, ...span.attributes })
    .filter(([name, value]) => name !== 'service.name' && value !== undefined)
    .map(([name, value]) => [name, text(value)])
  const failed = status.code === SpanStatusCode.ERROR
  return {
    ...Object.fromEntries(own),
    ...(failed && { error: status.message || text(span.attributes['error.type'] ?? 'true') }),
    ...Object.fromEntries(
      links.map(({ context }, n) => [`link.${n}`, `${context.traceId}-${context.spanId}`]),
    ),
    ...Object.fromEntries(
      events
        .filter(({ attributes }) => Object.keys(attributes ?? {}).length > 0)
        .map(({ name, attributes }, n) => [`event.${n}.${name}`, JSON.stringify(attributes)]),
    ),
  }
}

/** The peer as Zipkin's dependency graph names it. */
function remoteName(kind: SpanKind, attributes: Attributes): string | undefined {
  const { 'messaging.system': broker, 'db.system.name': database } = attributes
  if (kind === SpanKind.PRODUCER || kind === SpanKind.CONSUMER)
    return broker
      ? `${text(broker)}:${text(attributes['messaging.destination.name'] ?? '?')}`
      : undefined
  if (kind !== SpanKind.CLIENT) return undefined
  const peer = attributes['service.peer.name']
  if (peer) return text(peer)
  return database ? `${text(database)}:${text(attributes['db.namespace'] ?? '')}` : undefined
}

const micros = ([seconds, nanos]: HrTime): number => seconds * 1e6 + Math.round(nanos / 1e3)
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
