import { AsyncLocalStorage } from 'node:async_hooks'
import type { Attributes } from '@opentelemetry/api'
import { counter } from '../model/metric.ts'
import type { Context } from './context.ts'

/** One line of the service map. */
export interface ServiceEdge {
  /** Defaults to this service; a consumer names the producer. */
  readonly client?: string
  /** The callee: a service, or `<db.system.name>:<store name>` for a store. */
  readonly server: string
  /** `''` is HTTP. */
  readonly type: '' | 'messaging_system' | 'database'
}

type EdgeLabels = 'client' | 'server' | 'connection_type'

const labels = { client: [], server: [], connection_type: [] }

/** Names and labels of Tempo's and the Collector's service graph, so that their dashboards work. */
export const edgeRequests = counter<EdgeLabels>('traces_service_graph_request_total', {
  help: 'Requests from one service to another, to a store, or through a topic',
  labels,
})

export const edgeFailures = counter<EdgeLabels>('traces_service_graph_request_failed_total', {
  help: 'Those of traces_service_graph_request_total that failed',
  labels,
})

/** Counts one request on an edge of the service map. */
export function countEdge(context: Context, edge: ServiceEdge, failed: boolean, by = 1): void {
  const values = {
    client: edge.client ?? context.service.name,
    server: edge.server,
    connection_type: edge.type,
  }
  context.meter.add(edgeRequests, values, by)
  context.meter.add(edgeFailures, values, failed ? by : 0)
}

const storeCalls = new AsyncLocalStorage<Attributes[]>()

/**
 * Tells the batch that is being processed, if any, which store was called: every `process` span of the batch
 * carries the `db.*` attributes. Outside of a batch it does nothing.
 */
export const noteStoreCall = (attributes: Attributes): void =>
  void storeCalls.getStore()?.push(attributes)

/** Runs `work` and collects what `noteStoreCall` is told meanwhile into `into`. */
export const collectingStoreCalls = <Value>(
  into: Attributes[],
  work: () => Promise<Value>,
): Promise<Value> => storeCalls.run(into, work)

/** The attributes of several store calls as one set; where calls differ, their values in order, comma separated. */
export function mergedStoreCalls(calls: readonly Attributes[]): Attributes {
  const values = new Map<string, Set<string | number>>()
  for (const [key, value] of calls.flatMap((call) => Object.entries(call))) {
    if (typeof value !== 'string' && typeof value !== 'number') continue
    values.set(key, (values.get(key) ?? new Set()).add(value))
  }
  return Object.fromEntries(
    [...values].map(([key, set]) => [key, set.size === 1 ? [...set][0] : [...set].join(', ')]),
  )
}
