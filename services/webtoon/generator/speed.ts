/** The rate is that of this time; shorter would jump with every batch. */
const lookBack = { everyMs: 1000, marks: 5 }

/** Measures how fast a total rises. */
export interface Speedometer {
  /** Called often; remembers one total a second. */
  note(atMs: number, total: number): void
  /** Per second over the last 5 s, one decimal. */
  read(atMs: number, total: number): number
}

export function speedometer(startMs: number): Speedometer {
  const marks = [{ atMs: startMs, total: 0 }]
  return {
    note: (atMs, total) => {
      const last = marks.at(-1)
      if (last && atMs - last.atMs < lookBack.everyMs) return
      marks.push({ atMs, total })
      if (marks.length > lookBack.marks) marks.shift()
    },
    read: (atMs, total) => {
      const [first = { atMs, total }] = marks
      return perSecond(total - first.total, atMs - first.atMs)
    },
  }
}

/** Events per second with one decimal; 0 for no time. */
export const perSecond = (count: number, ms: number): number =>
  ms > 0 ? Math.round((count / ms) * 10_000) / 10 : 0
