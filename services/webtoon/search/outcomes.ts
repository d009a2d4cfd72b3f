/** What the index said to one change. */
export type Outcome =
  | { readonly kind: 'indexed' | 'stale' }
  | { readonly kind: 'busy' | 'refused'; readonly error: Error }

/** One item of a bulk answer, as far as it is read. */
export interface BulkItem {
  readonly status: number
  readonly error?: { readonly type?: string; readonly reason?: string | null } | undefined
}

/**
 * Reads one item: a version conflict means that something newer is there already, 429 and 5xx pass, every other
 * refusal is the change's own fault and stays.
 */
export function outcomeOf(item: BulkItem): Outcome {
  if (item.status < 300) return { kind: 'indexed' }
  if (item.status === 409) return { kind: 'stale' }
  const passing = item.status === 429 || item.status >= 500
  return { kind: passing ? 'busy' : 'refused', error: indexError(item) }
}

/** The index is gone or closed for writing: no change is at fault, and all of them have to wait. */
export const isClosed = ({ status }: BulkItem): boolean => status === 403 || status === 404

/** The outcome of a change over several indexes: the worst of them. */
export const worstOf = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.toSorted((one, other) => severity[one.kind] - severity[other.kind])[0] ?? {
    kind: 'stale',
  }

const severity = { refused: 0, busy: 1, indexed: 2, stale: 3 }

function indexError({ status, error }: BulkItem): Error {
  const { type = 'unknown', reason } = error ?? {}
  const refusal = new Error(`The index answered ${status} ${type}: ${reason ?? 'no reason given'}`)
  refusal.name = type
  return refusal
}
