import { SpanKind, type Attributes } from '@opentelemetry/api'
import { gauge } from '../../model/metric.ts'
import { systemName, type Store } from '../../model/store.ts'
import type { StoreLogin } from '../config.ts'
import type { Context } from '../context.ts'
import { countEdge, noteStoreCall } from '../edges.ts'
import { inSpan } from '../spans.ts'
import { databaseOperations, underSampledSpan } from '../store-call.ts'
import type { SqlEngine } from '../sql.ts'
import type { Driver } from './driver.ts'

/** Connections of a pool. `waiting`: callers without one. */
export const poolConnections = gauge<'store' | 'state'>('db_pool_connections', {
  help: 'Connections of a pool by state',
  labels: { store: [], state: [] },
})

/** Runs one statement of a store and reports on it. */
export type Observe = <Value>(
  statement: { readonly name: string; readonly text: string },
  work: () => Promise<Value>,
) => Promise<Value>

/**
 * Client span, duration, edge and the batch's note for each statement. No span without a sampled parent: what polls
 * in the background would fill the trace store with traces of a single span.
 */
export function observer(
  context: Context,
  store: Store<SqlEngine>,
  { driver, login }: { driver: Pick<Driver, 'judge'>; login: StoreLogin },
): Observe {
  const { meter, tracer } = context
  meter.register(databaseOperations)
  const system = systemName[store.engine]
  const edge = { server: `${system}:${store.name}`, type: 'database' } as const
  const fixed = {
    'db.system.name': system,
    'db.namespace': login.database,
    'server.address': login.host,
    'server.port': login.port,
    'service.peer.name': edge.server,
  }
  return async (statement, work) => {
    const attributes: Attributes = {
      ...fixed,
      'db.operation.name': operationOf(statement.text),
      'db.query.summary': statement.name,
    }
    const start = performance.now()
    let failed = false
    try {
      if (!underSampledSpan()) return await work()
      return await inSpan(tracer, statement.name, { kind: SpanKind.CLIENT, attributes }, work)
    } catch (error) {
      failed = driver.judge(error).kind === 'away'
      throw error
    } finally {
      noteStoreCall(attributes)
      countEdge(context, edge, failed)
      const labels = { system, operation: statement.name }
      meter.observe(databaseOperations, labels, (performance.now() - start) / 1000)
    }
  }
}

/** The verb; of a query with CTEs the first that writes, else SELECT. */
function operationOf(text: string): string {
  const first = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? ''
  if (first !== 'WITH') return first
  return /\b(insert|update|delete|merge)\b/i.exec(text)?.[1]?.toUpperCase() ?? 'SELECT'
}
