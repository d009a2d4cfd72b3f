import {
  context as active,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context as TraceContext,
  type Link,
  type Span,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api'

export { SpanKind, type Span } from '@opentelemetry/api'

/** How a span starts. */
export interface SpanStart {
  readonly kind: SpanKind
  readonly attributes?: Attributes
  readonly links?: readonly Link[]
  /** Defaults to the active context; `root` begins a trace of its own. */
  readonly parent?: TraceContext | 'root'
  /** Epoch milliseconds. */
  readonly startTime?: number
}

/**
 * Runs `work` inside a span that is active meanwhile. What `work` throws marks the span as failed and is thrown on.
 */
export async function inSpan<Value>(
  tracer: Tracer,
  name: string,
  start: SpanStart,
  work: (span: Span) => Promise<Value>,
): Promise<Value> {
  const span = startSpan(tracer, name, start)
  try {
    return await active.with(trace.setSpan(parentOf(start), span), () => work(span))
  } catch (error) {
    markFailed(span, error)
    throw error
  } finally {
    span.end()
  }
}

/** Starts a span without making it active; the caller ends it. */
export function startSpan(tracer: Tracer, name: string, start: SpanStart): Span {
  const { kind, attributes, links, startTime } = start
  const options = {
    kind,
    ...(attributes && { attributes }),
    ...(links && { links: [...links] }),
    ...(startTime !== undefined && { startTime }),
  }
  return tracer.startSpan(name, options, parentOf(start))
}

/** Marks a span as failed with the error's code (or name) as `error.type`. */
export function markFailed(span: Span, error: unknown): void {
  const { message, name, code } = error as { message?: string; name?: string; code?: unknown }
  span.setAttribute('error.type', typeof code === 'string' ? code : (name ?? 'Error'))
  span.setStatus({ code: SpanStatusCode.ERROR, message: message ?? String(error) })
}

/** W3C `traceparent` of the active span (or of `of`), for headers and outbox rows. */
export function traceparentOf(of: TraceContext = active.active()): string | undefined {
  const carrier: { traceparent?: string } = {}
  propagation.inject(of, carrier)
  return carrier.traceparent
}

/** The context that a `traceparent` names; the root context when it is absent or malformed. */
export function contextFrom(traceparent: string | undefined): TraceContext {
  return traceparent ? propagation.extract(ROOT_CONTEXT, { traceparent }) : ROOT_CONTEXT
}

/** Work that follows this soon continues a trace; later work only links to it. */
const sameTraceMs = 60_000

/**
 * How the trace of a `traceparent` goes on after `ageMs`: with a child, or in a trace of its own that links to it. An
 * unsampled one is continued whatever its age: a root of its own would be recorded.
 */
export function followedBy(
  traceparent: string,
  ageMs: number,
): { readonly traceparent: string } | { readonly links: Link[] } {
  const earlier = trace.getSpanContext(contextFrom(traceparent))
  const sampled = earlier !== undefined && (earlier.traceFlags & TraceFlags.SAMPLED) !== 0
  return !sampled || ageMs <= sameTraceMs ? { traceparent } : { links: [{ context: earlier }] }
}

/** Trace id of the active span, or '' outside of any. */
export const activeTraceId = (): string => trace.getActiveSpan()?.spanContext().traceId ?? ''

const parentOf = ({ parent }: SpanStart): TraceContext =>
  parent === 'root' ? ROOT_CONTEXT : (parent ?? active.active())
