import { settled } from '../trace/settled.ts'
import type { TraceStore } from '../trace/store.ts'
import { waterfall } from '../trace/waterfall.ts'
import type { Stage } from './stage.ts'
import { missingFrom, type Story } from './stories.ts'

interface Seen {
  readonly traces: TraceStore
  readonly stage: Stage
  /** How long the story may take. */
  readonly withinMs?: number
}

/**
 * Sends one request and shows its trace.
 * @param send answers with the trace's id
 * @throws Error that names the spans that are missing
 */
export async function follow(
  story: Story,
  { traces, stage, withinMs = 30_000 }: Seen,
  send: () => Promise<string>,
) {
  stage.heading(story.title)
  const traceId = await stage.step('Sent and acknowledged', async () => ({ value: await send() }))
  const until = (spans: Parameters<typeof missingFrom>[0]): boolean =>
    missingFrom(spans, story).length === 0
  const spans = await settled(traces, traceId, { deadlineMs: withinMs, until })
  if (spans.length > 0) stage.show(waterfall(spans, { ...stage, attributes: false }))
  const missing = missingFrom(spans, story)
  if (missing.length > 0)
    throw new Error(`Trace ${traceId} lacks ${missing.join(', ')} after ${withinMs / 1000} s.`)
  return { traceId, spans: spans.length }
}
