/** Asia/Seoul, which has had no summer time since 1988. */
const seoulMs = 9 * 3_600_000
const dayMs = 86_400_000

/** A day in Seoul, e.g. `2026-11-27`. */
export type BusinessDate = string

/** The day that it is in Seoul. */
export const businessDateAt = (at: Date): BusinessDate =>
  new Date(at.getTime() + seoulMs).toISOString().slice(0, 10)

/** The moment at which a day ends there. */
export const endOf = (date: BusinessDate): Date =>
  new Date(Date.parse(`${date}T00:00:00Z`) + dayMs - seoulMs)

/** The days from one to the last one that is over, both included. */
export function daysOver(from: BusinessDate, now: Date): readonly BusinessDate[] {
  const days: BusinessDate[] = []
  for (let day = from; endOf(day) <= now; day = businessDateAt(endOf(day))) days.push(day)
  return days
}
