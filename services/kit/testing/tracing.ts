import { context, propagation, trace, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  TracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace'

/** The bare tracer set: no SDK start-up, spans kept in memory, one tracer per service name. */
export function bareTracing(): {
  tracer(service: string): Tracer
  spans(): readonly ReadableSpan[]
} {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const exporter = new InMemorySpanExporter()
  const tracer = (service: string): Tracer => {
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': service }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    })
    trace.setGlobalTracerProvider(provider)
    return provider.getTracer(service)
  }
  return { tracer, spans: () => exporter.getFinishedSpans() }
}
