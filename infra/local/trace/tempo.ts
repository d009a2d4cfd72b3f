import type { SpanKind, TraceSpan } from './span.ts'
import { ask, newest, type TraceStore, type Wanted } from './store.ts'

/** Tempo by its HTTP API. @param url e.g. `http://127.0.0.1:3200` */
export function tempoStore(url: string): TraceStore {
  const store = { kind: 'tempo', url } as const
  const spansOf = async (traceId: string): Promise<readonly TraceSpan[]> => {
    const answer = (await ask(store, `/api/v2/traces/${traceId}`)) as TraceAnswer | undefined
    return fromOtlp(answer?.trace?.resourceSpans ?? [])
  }
  return {
    ...store,
    spansOf,
    find: async (wanted) => {
      const { traces = [] } = (await ask(store, `/api/search?${queryOf(wanted)}`)) as SearchAnswer
      // A search prints ids without their leading zeros.
      const ids = traces.map(({ traceID }) => traceID.padStart(32, '0'))
      return newest(await Promise.all(ids.map(spansOf)), wanted.limit)
    },
  }
}

interface SearchAnswer {
  readonly traces?: readonly { readonly traceID: string }[]
}

interface TraceAnswer {
  readonly trace?: { readonly resourceSpans?: readonly ResourceSpans[] }
}

/** OTLP in its JSON form, as far as it is read here. */
export interface ResourceSpans {
  readonly resource?: { readonly attributes?: readonly Attribute[] }
  readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[]
}

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind?: string | number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly Attribute[]
  readonly status?: { readonly code?: string | number; readonly message?: string }
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

function queryOf(wanted: Wanted): URLSearchParams {
  const end = Math.ceil(Date.now() / 1000)
  const start = end - Math.ceil(wanted.withinMs / 1000)
  return new URLSearchParams({
    q: traceQl(wanted),
    limit: String(wanted.limit),
    start: String(start),
    end: String(end + 1),
  })
}

/** The same wish in TraceQL. */
export function traceQl({ service, error, minMs, tags }: Wanted): string {
  const conditions = [
    ...(service === undefined ? [] : [`resource.service.name = ${JSON.stringify(service)}`]),
    ...(error === true ? ['status = error'] : []),
    ...(minMs !== undefined && minMs > 0 ? [`duration >= ${Math.round(minMs * 1000)}us`] : []),
    ...tags.map(([name, value]) => tagCondition(name, value)),
  ]
  return conditions.length === 0 ? '{ }' : `{ ${conditions.join(' && ')} }`
}

/** TraceQL compares types too, and nobody types them in a terminal. */
function tagCondition(name: string, value: string): string {
  const text = `.${name} = ${JSON.stringify(value)}`
  const bare = /^(-?\d+(\.\d+)?|true|false)$/.test(value)
  return bare ? `(${text} || .${name} = ${value})` : text
}

/** Spans out of OTLP's JSON, ids in hex or in base64 (both are about). */
export const fromOtlp = (resources: readonly ResourceSpans[]): readonly TraceSpan[] =>
  resources.flatMap(({ resource, scopeSpans = [] }) => {
    const service = attributesOf(resource?.attributes)['service.name'] ?? 'unknown'
    return scopeSpans.flatMap(({ spans = [] }) => spans.map((span) => fromOtlpSpan(span, service)))
  })

function fromOtlpSpan(span: OtlpSpan, service: string): TraceSpan {
  const { startTimeUnixNano, endTimeUnixNano, parentSpanId, status, links = [] } = span
  const attributes = attributesOf(span.attributes)
  const failed = status?.code === 'STATUS_CODE_ERROR' || status?.code === 2
  const startNs = BigInt(startTimeUnixNano)
  return {
    traceId: hexId(span.traceId, 16),
    id: hexId(span.spanId, 8),
    parentId: parentSpanId ? hexId(parentSpanId, 8) : undefined,
    service,
    name: span.name,
    kind: kindOf(span.kind),
    startUs: Number(startNs / 1000n),
    durationUs: Number((BigInt(endTimeUnixNano) - startNs) / 1000n),
    error: failed ? status?.message || attributes['error.type'] || 'true' : undefined,
    attributes,
    links: links.map((link) => ({
      traceId: hexId(link.traceId, 16),
      spanId: hexId(link.spanId, 8),
    })),
  }
}

const hexId = (id: string, bytes: number): string =>
  id.length === bytes * 2 ? id : Buffer.from(id, 'base64').toString('hex')

const kinds: readonly SpanKind[] = [
  'internal',
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
]

function kindOf(kind: string | number | undefined): SpanKind {
  if (typeof kind === 'number') return kinds[kind] ?? 'internal'
  const word = kind?.replace('SPAN_KIND_', '').toLowerCase()
  return kinds.find((known) => known === word) ?? 'internal'
}

const attributesOf = (list: readonly Attribute[] = []): Readonly<Record<string, string>> =>
  Object.fromEntries(list.map(({ key, value }) => [key, textOf(Object.values(value)[0])]))

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? '')
