/** A span as the waterfall needs it, whichever store it came from. */
export interface TraceSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId: string | undefined
  readonly service: string
  readonly name: string
  readonly kind: SpanKind
  /** Microseconds since the epoch, by the clock of the machine that made the span. */
  readonly startUs: number
  readonly durationUs: number
  /** What went wrong; undefined where nothing did. */
  readonly error: string | undefined
  readonly attributes: Readonly<Record<string, string>>
  readonly links: readonly SpanLink[]
}

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal'

export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
}

/** The span was made by a call to a store. */
export const isStoreCall = ({ kind, attributes }: TraceSpan): boolean =>
  kind === 'client' && attributes['db.system.name'] !== undefined

/** End of a span, in microseconds since the epoch. */
export const endUs = ({ startUs, durationUs }: TraceSpan): number => startUs + durationUs
