import { LRUCache } from 'lru-cache'
import { unavailable, type Problem } from '../../kit/problem.ts'
import { inOrder, ranking, type Criterion, type Ranked, type Weights } from './ranking.ts'
import type { RankStore, Read } from './store.ts'
import { countedEnd, endsUpTo, servedEnd, staleAtMostMs } from './windows.ts'

/** What a reader asks for. */
export interface Question {
  readonly seconds: number
  readonly n: number
  readonly aggregate: number
  readonly by: Criterion
}

/** The first titles, and the end (epoch ms) of the latest window that they were counted in. */
export interface Board {
  readonly end: number
  /** How much older that window is than the one that is due, because that one is not counted to its end. */
  readonly staleMs: number
  readonly ranked: readonly Ranked[]
}

/** Sums over windows are kept this long: reading five windows of 5,000 titles costs Redis milliseconds. */
const sumsKeptMs = 500
const sumsKept = 30

/**
 * Answers from the last complete windows: those whose records are all counted. While some partition is counted anew
 * the answer is 503: a number that is known to be too low would look like any other, and a caller that waits a second
 * gets the right one.
 * @throws Problem 503 `RANK_REBUILDING`, or `RANK_BEHIND` when nothing was counted to its end for a minute
 */
export function createBoard(deps: {
  store: RankStore
  weights: Weights
  partitions: number
  now: () => number
  countedUpTo: () => number | undefined
}): (question: Question) => Promise<Board> {
  const { store, weights, partitions, now, countedUpTo } = deps
  const sums = new LRUCache<string, Promise<readonly Ranked[]>>({ max: sumsKept, ttl: sumsKeptMs })

  const wholly = <Value>({ whole, value }: Read<Value>): Value => {
    if (whole >= partitions) return value
    const missing = partitions - whole
    throw unavailable(
      'RANK_REBUILDING',
      `The rankings are being counted anew from Kafka (${missing} of ${partitions} partitions to go); try again.`,
    )
  }

  const sum = ({ seconds, aggregate, by }: Question, end: number): Promise<readonly Ranked[]> => {
    const key = `${seconds}:${end}:${aggregate}:${by}`
    const known = sums.get(key)
    if (known) return known
    const read = store
      .tallies(seconds, endsUpTo(end, seconds, aggregate))
      .then((tallies) => ranking(wholly(tallies), weights, by))
    sums.set(key, read)
    read.catch(() => sums.delete(key))
    return read
  }

  return async (question) => {
    const { seconds, n, aggregate, by } = question
    const time = now()
    const counted = countedUpTo()
    if (counted === undefined || time - counted > staleAtMostMs) throw behind()
    const due = servedEnd(seconds, time)
    const end = countedEnd(seconds, due, counted)
    // Redis keeps the weighted sum in order; what else is asked for is put in order here.
    const ranked =
      aggregate === 1 && by === 'count'
        ? inOrder(wholly(await store.top(seconds, end, n)))
        : await sum(question, end)
    return { end, staleMs: due - end, ranked: ranked.slice(0, n) }
  }
}

const behind = (): Problem =>
  unavailable('RANK_BEHIND', 'No window of the last minute is counted to its end; try again.')
