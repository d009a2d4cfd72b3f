import type { Threshold } from '../../model/board.ts'
import { httpServerRequests } from '../../model/metric.ts'

export const requests = { name: `${httpServerRequests}_count` }
export const durations = { name: httpServerRequests }
/** What merchants do. */
export const asking = { uri: ['/payments/(authorize|capture|refund).*'] }

/** Worse from each of these values on; the last is red. */
export const worseFrom = (...limits: readonly number[]): readonly Threshold[] => {
  const colors = (['yellow', 'orange', 'red'] as const).slice(-limits.length)
  const from = limits.map((limit, at) => ({ from: limit, color: colors[at] ?? 'red' }))
  return [{ from: -Infinity, color: 'green' }, ...from]
}
