import { LRUCache } from 'lru-cache'
import { unavailable } from '../../kit/problem.ts'
import { inOrder, ranking, type Ranked, type Weights } from './ranking.ts'
import type { RankStore, Read } from './store.ts'
import { endsUpTo, servedEnd } from './windows.ts'

/** What a reader asks for. */
export interface Question {
  readonly seconds: number
  readonly n: number
  readonly aggregate: number
}

/** The first titles, and the end (epoch ms) of the latest window that they were counted in. */
export interface Board {
  readonly end: number
  readonly ranked: readonly Ranked[]
}

/** Sums over windows are kept this long: reading five windows of 5,000 titles costs Redis milliseconds. */
const sumsKeptMs = 500
const sumsKept = 30

/**
 * Answers from the last complete windows. While some partition is counted anew the answer is 503: a number that is
 * known to be too low would look like any other, and a caller that waits a second gets the right one.
 * @throws Problem 503 `RANK_REBUILDING`
 */
export function createBoard(deps: {
  store: RankStore
  weights: Weights
  partitions: number
  now: () => number
}): (question: Question) => Promise<Board> {
  const { store, weights, partitions, now } = deps
  const sums = new LRUCache<string, Promise<readonly Ranked[]>>({ max: sumsKept, ttl: sumsKeptMs })

  const wholly = <Value>({ whole, value }: Read<Value>): Value => {
    if (whole >= partitions) return value
    const missing = partitions - whole
    throw unavailable(
      'RANK_REBUILDING',
      `The rankings are being counted anew from Kafka (${missing} of ${partitions} partitions to go); try again.`,
    )
  }

  const sum = (seconds: number, end: number, aggregate: number): Promise<readonly Ranked[]> => {
    const key = `${seconds}:${end}:${aggregate}`
    const known = sums.get(key)
    if (known) return known
    const read = store
      .tallies(seconds, endsUpTo(end, seconds, aggregate))
      .then((tallies) => ranking(wholly(tallies), weights))
    sums.set(key, read)
    read.catch(() => sums.delete(key))
    return read
  }

  return async ({ seconds, n, aggregate }) => {
    const end = servedEnd(seconds, now())
    const ranked =
      aggregate === 1
        ? inOrder(wholly(await store.top(seconds, end, n)))
        : await sum(seconds, end, aggregate)
    return { end, ranked: ranked.slice(0, n) }
  }
}
