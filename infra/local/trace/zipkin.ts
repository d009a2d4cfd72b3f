import type { ZipkinSpan } from '../../../services/kit/zipkin.ts'
import type { SpanKind, SpanLink, TraceSpan } from './span.ts'
import { ask, fits, newest, type TraceStore, type Wanted } from './store.ts'

/** Zipkin's conditions hold for a trace, ours for one span of it: more is asked for than is shown. */
const askedPerShown = 5
const mostAsked = 1000

/** OpenZipkin by its v2 API. @param url e.g. `http://127.0.0.1:9411` */
export function zipkinStore(url: string): TraceStore {
  const store = { kind: 'zipkin', url } as const
  return {
    ...store,
    spansOf: async (traceId) => {
      const found = (await ask(store, `/api/v2/trace/${traceId}`)) as
        readonly ZipkinSpan[] | undefined
      return (found ?? []).map(fromZipkin)
    },
    find: async (wanted) => {
      const path = `/api/v2/traces?${queryOf(wanted)}`
      const found = (await ask(store, path)) as readonly (readonly ZipkinSpan[])[]
      const traces = found.map((spans) => spans.map(fromZipkin))
      return newest(
        traces.filter((spans) => spans.some((span) => fits(span, wanted))),
        wanted.limit,
      )
    },
  }
}

function queryOf({ service, error, minMs, tags, limit, withinMs }: Wanted): URLSearchParams {
  const conditions = [...(error === true ? ['error'] : []), ...tags.map((tag) => tag.join('='))]
  return new URLSearchParams({
    limit: String(Math.min(limit * askedPerShown, mostAsked)),
    lookback: String(withinMs),
    ...(service !== undefined && { serviceName: service }),
    ...(minMs !== undefined && minMs > 0 && { minDuration: String(Math.round(minMs * 1000)) }),
    ...(conditions.length > 0 && { annotationQuery: conditions.join(' and ') }),
  })
}

/** One span of Zipkin's v2 JSON as the kit's exporter wrote it. */
export function fromZipkin(span: ZipkinSpan): TraceSpan {
  const { traceId, id, parentId, name, kind, timestamp, duration, localEndpoint } = span
  const tags = span.tags ?? {}
  return {
    traceId,
    id,
    parentId,
    service: localEndpoint?.serviceName ?? 'unknown',
    name: originalName(name, tags),
    kind: kinds[kind ?? ''] ?? 'internal',
    startUs: timestamp,
    durationUs: duration ?? 0,
    error: tags['error'],
    attributes: Object.fromEntries(Object.entries(tags).filter(([tag]) => !linkTag.test(tag))),
    links: Object.entries(tags).flatMap(([tag, value]) => (linkTag.test(tag) ? linkOf(value) : [])),
  }
}

const kinds: Readonly<Record<string, SpanKind>> = {
  SERVER: 'server',
  CLIENT: 'client',
  PRODUCER: 'producer',
  CONSUMER: 'consumer',
}

const linkTag = /^link\.\d+$/

function linkOf(value: string): readonly SpanLink[] {
  const [traceId, spanId] = value.split('-')
  return traceId !== undefined && spanId !== undefined ? [{ traceId, spanId }] : []
}

/** Zipkin keeps names in lower case; the words whose case says something come back from the tags. */
function originalName(name: string, tags: Readonly<Record<string, string>>): string {
  const known = [tags['http.request.method'], tags['http.route'], tags['db.operation.name']]
  return known.reduce<string>(
    (text, word) => (word ? text.replace(word.toLowerCase(), () => word) : text),
    name,
  )
}
