import type { TraceSpan } from './span.ts'

/** What traces to look for; all of it must hold for one span of the trace. */
export interface Wanted {
  readonly service?: string | undefined
  readonly error?: boolean | undefined
  /** The span took at least this long. */
  readonly minMs?: number | undefined
  readonly tags: readonly (readonly [name: string, value: string])[]
  /** At most this many, newest first. */
  readonly limit: number
  /** How far back to look. */
  readonly withinMs: number
}

/** A place that keeps traces. */
export interface TraceStore {
  readonly kind: 'zipkin' | 'tempo'
  readonly url: string
  /** What it has of a trace by now; empty for an unknown id. @throws StoreAwayError */
  spansOf(traceId: string): Promise<readonly TraceSpan[]>
  /** Traces with a span that fits, newest first. @throws StoreAwayError */
  find(wanted: Wanted): Promise<readonly (readonly TraceSpan[])[]>
}

/** The trace store does not answer. */
export class StoreAwayError extends Error {
  readonly code = 'ENVIRONMENT'
  constructor({ kind, url }: Pick<TraceStore, 'kind' | 'url'>, reason: string) {
    super(`The trace store (${kind} at ${url}) does not answer: ${reason}. ./maru up starts it.`)
    this.name = 'StoreAwayError'
  }
}

const answerWithinMs = 5000

/** GET as JSON; undefined for a 404. @throws StoreAwayError; Error with the answer for other statuses */
export async function ask(store: Pick<TraceStore, 'kind' | 'url'>, path: string): Promise<unknown> {
  const response = await fetch(store.url + path, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(answerWithinMs),
  }).catch((error: Error & { cause?: { code?: string } }) => {
    throw new StoreAwayError(store, error.cause?.code ?? error.message)
  })
  if (response.status === 404) return undefined
  const text = await response.text()
  if (!response.ok) throw new Error(`${store.kind} answered ${response.status} to ${path}: ${text}`)
  return JSON.parse(text)
}

/** Whether one span is what is looked for. */
export const fits = (span: TraceSpan, wanted: Wanted): boolean =>
  (wanted.service === undefined || span.service === wanted.service) &&
  (wanted.error !== true || span.error !== undefined) &&
  span.durationUs >= (wanted.minMs ?? 0) * 1000 &&
  wanted.tags.every(([name, value]) => span.attributes[name] === value)

/** Newest first, as many as wanted. */
export const newest = (
  traces: readonly (readonly TraceSpan[])[],
  limit: number,
): readonly (readonly TraceSpan[])[] =>
  traces
    .filter((spans) => spans.length > 0)
    .map((spans) => ({ spans, startUs: Math.min(...spans.map((span) => span.startUs)) }))
    .sort((a, b) => b.startUs - a.startUs)
    .slice(0, limit)
    .map(({ spans }) => spans)
