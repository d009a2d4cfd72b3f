import type { TraceSpan } from './span.ts'

/** A span for a test: server span `span` of `shop`, 1 s after the epoch, 100 ms long, unless said otherwise. */
export const spanOf = (id: string, wishes: Partial<TraceSpan> = {}): TraceSpan => ({
  traceId: 'a'.repeat(32),
  id,
  parentId: undefined,
  service: 'shop',
  name: `span ${id}`,
  kind: 'server',
  startUs: 1_000_000,
  durationUs: 100_000,
  error: undefined,
  attributes: {},
  links: [],
  ...wishes,
})
