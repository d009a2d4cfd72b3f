import { trace, TraceFlags, type Attributes } from '@opentelemetry/api'
import { histogram, storeOperations } from '../model/metric.ts'
import type { Store } from '../model/store.ts'
import type { Context } from './context.ts'
import { countEdge, noteStoreCall } from './edges.ts'
import { inSpan, SpanKind } from './spans.ts'

/** Time of one call at the client; `operation` is the statement's, command's, script's or request's name. */
export const databaseOperations = histogram<'system' | 'operation'>(storeOperations, {
  help: 'Time of a database operation',
  labels: { system: [], operation: [] },
})

/** Makes one call to a store visible: its time, an edge of the service map, and a client span where somebody looks. */
export type StoreCall = <Value>(operation: string, work: () => Promise<Value>) => Promise<Value>

/**
 * Calls of `context`'s service to `store`. A span is made only under a sampled parent, because most calls of a busy
 * consumer have none and a span costs more than the call's own code.
 * @param place address for the span's `server.*` attributes
 */
export function storeCalls(
  context: Context,
  store: Store,
  place: { host: string; port: number },
): StoreCall {
  const { meter } = context
  meter.register(databaseOperations)
  const edge = { server: `${store.engine}:${store.name}`, type: 'database' } as const
  const fixed: Attributes = {
    'db.system.name': store.engine,
    'db.namespace': store.name,
    'server.address': place.host,
    'server.port': place.port,
    'service.peer.name': edge.server,
  }
  return async (operation, work) => {
    const attributes = { ...fixed, 'db.operation.name': operation }
    noteStoreCall(attributes)
    const start = performance.now()
    let failed = false
    try {
      return await (underSampledSpan()
        ? inSpan(
            context.tracer,
            `${operation} ${store.name}`,
            { kind: SpanKind.CLIENT, attributes },
            work,
          )
        : work())
    } catch (error) {
      failed = true
      throw error
    } finally {
      countEdge(context, edge, failed)
      const labels = { system: store.engine, operation }
      meter.observe(databaseOperations, labels, (performance.now() - start) / 1000)
    }
  }
}

/** True when the active span is being recorded. */
export const underSampledSpan = (): boolean => {
  const flags = trace.getActiveSpan()?.spanContext().traceFlags ?? TraceFlags.NONE
  return (flags & TraceFlags.SAMPLED) !== 0
}
