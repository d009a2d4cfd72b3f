import { setTimeout as delay } from 'node:timers/promises'
import type { TraceSpan } from './span.ts'
import type { TraceStore } from './store.ts'
import { timeOf } from './waterfall.ts'

/** Services export every 250 ms, so a second without a new span means that there are no more. */
const settledAfterMs = 1000
const askEveryMs = 150
/** Nothing new comes to a trace that ended this long ago. */
const oldAfterMs = 10_000

interface Patience {
  /** When to give up waiting. */
  readonly deadlineMs: number
  /** The spans that must be there; else any. */
  readonly until?: (spans: readonly TraceSpan[]) => boolean
}

/**
 * A trace once it is whole: stores answer for a trace while its spans still arrive. At the deadline it is what is
 * there, empty for an unknown id.
 */
export async function settled(
  store: TraceStore,
  traceId: string,
  { deadlineMs, until = (spans) => spans.length > 0 }: Patience,
): Promise<readonly TraceSpan[]> {
  const began = performance.now()
  let spans: readonly TraceSpan[] = []
  let changedAt = began
  for (;;) {
    const now = await store.spansOf(traceId)
    if (now.length !== spans.length) changedAt = performance.now()
    spans = now
    const quiet = performance.now() - changedAt >= settledAfterMs || isOld(spans)
    if (quiet && until(spans)) return spans
    if (performance.now() - began > deadlineMs) return spans
    await delay(askEveryMs)
  }
}

const isOld = (spans: readonly TraceSpan[]): boolean =>
  spans.length > 0 && Date.now() - timeOf(spans).toUs / 1000 > oldAfterMs
