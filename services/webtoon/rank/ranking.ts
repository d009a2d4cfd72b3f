/** How often a title was seen and liked. */
export interface Tally {
  readonly views: number
  readonly likes: number
}

export interface Ranked extends Tally {
  readonly contentId: string
  /** Weighted sum of views and likes. */
  readonly count: number
}

/** What one view and one like add to a count. */
export interface Weights {
  readonly view: number
  readonly like: number
}

/** What titles can be ranked by. */
export const criteria = ['count', 'views', 'likes'] as const
export type Criterion = (typeof criteria)[number]

/** Highest first; equals by contentId ascending. */
export const inOrder = (ranked: readonly Ranked[], by: Criterion = 'count'): readonly Ranked[] =>
  ranked.toSorted((one, other) => other[by] - one[by] || byId(one.contentId, other.contentId))

/** The exact ranking over several windows: every title of each is added up before any is left out. */
export function ranking(
  windows: readonly ReadonlyMap<string, Tally>[],
  weights: Weights,
  by: Criterion = 'count',
): readonly Ranked[] {
  const sums = new Map<string, Tally>()
  for (const [contentId, { views, likes }] of windows.flatMap((window) => [...window])) {
    const sum = sums.get(contentId) ?? { views: 0, likes: 0 }
    sums.set(contentId, { views: sum.views + views, likes: sum.likes + likes })
  }
  const counted = [...sums].map(([contentId, tally]) => ({
    contentId,
    count: tally.views * weights.view + tally.likes * weights.like,
    ...tally,
  }))
  return inOrder(
    counted.filter((one) => one[by] > 0),
    by,
  )
}

/** By code unit, as Redis orders equal scores. */
const byId = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
