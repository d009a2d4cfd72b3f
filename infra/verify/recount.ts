/** One record of the log, as an outsider reads it. */
export interface LogRecord {
  readonly partition: number
  readonly offset: bigint
  /** The broker's time, epoch ms. */
  readonly timestamp: number
  readonly contentId: string
  readonly eventId: string
  readonly ts: number
  readonly action: 'view' | 'like'
}

/** `<seconds>:<end ms>:<views|likes>:<contentId>` → how often. */
export type Counts = ReadonlyMap<string, number>

/** What a recount of a log says. */
export interface Recounted {
  readonly counts: Counts
  readonly counted: number
  readonly duplicate: number
  readonly late: number
  readonly early: number
}

/**
 * The judge of the rankings: counts a log by the product's rules and shares no code with the service, so that a
 * mistake in one of the two shows. Slow and plain on purpose.
 */
export function recount(log: readonly LogRecord[]): Recounted {
  const counts = new Map<string, number>()
  const countedAt = new Map<string, number[]>()
  const sum = { counted: 0, duplicate: 0, late: 0, early: 0 }
  for (const record of [...log].sort(byPlace)) {
    const delay = record.timestamp - record.ts
    const identity = JSON.stringify([record.partition, record.contentId, record.eventId])
    const earlier = countedAt.get(identity) ?? []
    if (delay > 60_000) sum.late += 1
    else if (delay < -5_000) sum.early += 1
    else if (earlier.some((at) => record.timestamp - at <= 360_000)) sum.duplicate += 1
    else {
      sum.counted += 1
      countedAt.set(identity, [...earlier, record.timestamp])
      for (const seconds of [10, 60, 300]) {
        const length = seconds * 1000
        const end = record.ts - (record.ts % length) + length
        const key = `${seconds}:${end}:${record.action}s:${record.contentId}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
  }
  return { counts, ...sum }
}

const byPlace = (one: LogRecord, other: LogRecord): number =>
  one.partition - other.partition || Number(one.offset - other.offset)
