import { tempoStore } from './tempo.ts'
import { zipkinStore } from './zipkin.ts'
import type { TraceSpan } from './span.ts'
import type { TraceStore } from './store.ts'

/** The trace store that `./maru env --json` names. */
export const traceStore = ({
  kind,
  query,
}: {
  kind: 'zipkin' | 'tempo'
  query: string
}): TraceStore => (kind === 'zipkin' ? zipkinStore(query) : tempoStore(query))

const dayMs = 86_400_000
const candidates = 50

/** The newest trace that a client began: its root is a server span of the front door. */
export async function lastOf(
  store: TraceStore,
  frontDoor: string,
): Promise<readonly TraceSpan[] | undefined> {
  const wanted = { service: frontDoor, tags: [], limit: candidates, withinMs: dayMs }
  const traces = await store.find(wanted)
  return traces.find((spans) =>
    spans.some(({ service, kind, parentId }) => {
      return service === frontDoor && kind === 'server' && parentId === undefined
    }),
  )
}

/** The span that a trace began with: the earliest without a parent, else the earliest. */
export function rootOf(spans: readonly TraceSpan[]): TraceSpan | undefined {
  const sorted = [...spans].sort((a, b) => a.startUs - b.startUs)
  return sorted.find(({ parentId }) => parentId === undefined) ?? sorted[0]
}

/** Ids of the traces that these spans link to, without their own, each once. */
export const linkedTraces = (spans: readonly TraceSpan[]): readonly string[] => {
  const own = new Set(spans.map(({ traceId }) => traceId))
  const linked = spans.flatMap(({ links }) => links.map(({ traceId }) => traceId))
  return [...new Set(linked)].filter((id) => !own.has(id))
}
