/** Several runs of one thing: the middle one, and between which they lie. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError without a value */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('There is nothing to take the median of.')
  const sorted = values.toSorted((a, b) => a - b)
  const at = (place: number): number => sorted[place] ?? NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  }
}

/** Of latencies, as a turn has them. @throws RangeError without a value */
export function percentilesOf(values: readonly number[]) {
  if (values.length === 0) throw new RangeError('There is nothing to take percentiles of.')
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}
