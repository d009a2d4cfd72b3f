import {
  context as active,
  SpanStatusCode,
  trace,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import { SpanKind, markFailed, startSpan, traceparentOf } from '../../kit/spans.ts'
import { underSampledSpan } from '../../kit/store-call.ts'
import { attempt, type Attempt, type Outcome, type Sink } from './attempt.ts'
import type { Passage } from './passage.ts'
import type { Upstream } from './upstreams.ts'

/** An attempt with a client span of its own where the trace is sampled; the upstream continues the trace anyhow. */
export function tracedAttempt(
  tracer: Tracer,
  { upstream, passage, sink }: { upstream: Upstream; passage: Passage; sink: Sink },
): Attempt {
  const { forwarded } = passage
  if (!underSampledSpan()) return attempt(upstream, continued(forwarded, traceparentOf()), sink)
  const span = startSpan(tracer, `${forwarded.method} ${passage.template}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      'http.request.method': forwarded.method,
      'url.template': passage.template,
      'server.address': upstream.host,
      'server.port': upstream.port,
      'service.peer.name': passage.to.name,
    },
  })
  const traceparent = traceparentOf(trace.setSpan(active.active(), span))
  const sent = attempt(upstream, continued(forwarded, traceparent), sink)
  void sent.outcome.then((outcome) => finish(span, outcome))
  return sent
}

const continued = (
  forwarded: Passage['forwarded'],
  traceparent: string | undefined,
): Passage['forwarded'] =>
  traceparent
    ? { ...forwarded, headers: [...forwarded.headers, 'traceparent', traceparent] }
    : forwarded

function finish(span: Span, outcome: Outcome): void {
  if (outcome.kind === 'failed') markFailed(span, outcome.error)
  else {
    span.setAttribute('http.response.status_code', outcome.status)
    // A 4xx is the client's mistake: it would drown the failures among which people search.
    if (outcome.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}
