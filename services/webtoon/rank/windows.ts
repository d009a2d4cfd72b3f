import { countedWithinMs } from '../topics.ts'

/** Names of the windows that can be asked for, with their length in seconds. */
export const windowSeconds = { '10s': 10, '60s': 60, '300s': 300, '1m': 60, '5m': 300 } as const
export type WindowName = keyof typeof windowSeconds

/** Lengths of the tumbling windows that are counted, in seconds. Each is a multiple of the first. */
export const windowSizes = [10, 60, 300] as const
const longestMs = 300_000

/** Most windows that one ranking may add up. */
export const aggregateMax = 5

/** Which records count, by the broker's time against the event's own. */
export const tolerance = {
  earlyMs: 5_000,
  lateMs: countedWithinMs,
  /** A copy of a counted event is a duplicate for this long: the longest window + 60 s. */
  duplicateMs: longestMs + 60_000,
} as const

/** A window is served from this long after its end, so that most of its events have arrived. */
const servedAfterMs = 2_000

/** The clocks of broker and Redis may differ by this much. */
const clockSlackMs = 60_000

export type Punctuality = 'punctual' | 'late' | 'early'

/** @param ts the event's own time  @param appended when the broker appended it; both epoch ms */
export function punctuality(ts: number, appended: number): Punctuality {
  if (appended - ts > tolerance.lateMs) return 'late'
  return appended - ts < -tolerance.earlyMs ? 'early' : 'punctual'
}

/** Epoch-aligned start of the shortest window around `ts`; the windows around it follow from it. */
export const slotOf = (ts: number): number => Math.floor(ts / 10_000) * 10_000

/** How long after its end a window is kept: every aggregate that is served finds its windows. */
export const keptMs = (seconds: number): number => seconds * 1000 * (aggregateMax + 2) + 60_000

/** End (epoch ms) of the last window of `seconds` that may be served at `now`. */
export function servedEnd(seconds: number, now: number): number {
  const length = seconds * 1000
  return Math.floor((now - servedAfterMs) / length) * length
}

/** Who is further behind than this answers nothing. */
export const staleAtMostMs = 60_000

/** End (epoch ms) of the last window of `seconds` up to `due` whose records are all counted. */
export const countedEnd = (seconds: number, due: number, countedUpTo: number): number =>
  Math.min(due, Math.floor(countedUpTo / (seconds * 1000)) * seconds * 1000)

/** Ends of the `count` windows up to `end`, latest first. */
export const endsUpTo = (end: number, seconds: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, back) => end - back * seconds * 1000)

/**
 * How far back a ranking that was lost is counted again: from the first event of the oldest window that is still
 * kept, and before that one dedupe memory, so that the first events know their earlier copies.
 */
export const rebuildMs =
  keptMs(longestMs / 1000) + longestMs + tolerance.earlyMs + tolerance.duplicateMs + clockSlackMs
