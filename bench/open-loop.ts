import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { Pool, type Dispatcher } from 'undici'

/** One request of a mix; `of` names what it is reported under. */
export interface Shot {
  readonly of: string
  readonly method?: Dispatcher.HttpMethod
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An open-loop run: requests come when they come, whether or not earlier ones were answered. */
export interface Load {
  /** `http://host:port` */
  readonly origin: string
  /** Requests per second, as a Poisson process. */
  readonly perSecond: number
  readonly seconds: number
  /** The n-th request, from 0. */
  shot(n: number): Shot
  /** 64 by default; a request waits for a free one, and its latency counts the wait. */
  readonly connections?: number
  /** With more than so many unanswered, one that is due is dropped. No limit by default. */
  readonly mostUnderWay?: number
  /** 0 to 1; by default `Math.random`. `evenly`: requests at equal distances. */
  random?(): number
}

/** What became of the requests of one name. Latencies are milliseconds from the time at which each was due. */
export interface Answers {
  readonly offered: number
  /** Answered with 2xx. */
  readonly good: number
  /** Other statuses; `failed` for what was not answered, and `dropped` for what was never sent. */
  readonly others: Readonly<Record<string, number>>
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** Makes all distances of a Poisson process its mean. */
export const evenly = (): number => 1 - 1 / Math.E

const answerWithinMs = 30_000
const microseconds = 1000
/** Sums of distances are off by less; or at even ones the last second would begin with one more. */
const roundingMs = 0.001

/**
 * Loads a server and measures from the time at which each request was due, so that a server which stalls does not hide
 * those that would have come meanwhile (coordinated omission: G. Tene, "How NOT to Measure Latency", 2013).
 */
export async function openLoop(load: Load): Promise<ReadonlyMap<string, Answers>> {
  const { origin, perSecond, seconds, connections = 64, random = Math.random } = load
  const { mostUnderWay = Infinity } = load
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    headersTimeout: answerWithinMs,
    bodyTimeout: answerWithinMs,
  })
  const tallies = new Map<string, Tally>()
  const underWay = new Set<Promise<void>>()
  const fire = (n: number, dueAt: number): void => {
    const shot = load.shot(n)
    const tally = tallies.get(shot.of) ?? newTally()
    tallies.set(shot.of, tally)
    tally.offered += 1
    if (underWay.size >= mostUnderWay) return tally.drop()
    const answered = send(pool, shot)
      .then((status) => tally.note(status, performance.now() - dueAt))
      .finally(() => underWay.delete(answered))
    underWay.add(answered)
  }
  const began = performance.now()
  const end = began + seconds * 1000 - roundingMs
  let dueAt = began
  let n = 0
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const now = performance.now()
      while (dueAt <= now && dueAt < end) {
        fire(n, dueAt)
        n += 1
        dueAt += (-Math.log(1 - random()) * 1000) / perSecond
      }
      if (dueAt >= end) return resolve()
      setTimeout(tick, Math.max(0, Math.min(dueAt - performance.now(), 10)))
    }
    tick()
  })
  await Promise.all(underWay)
  await pool.close()
  return new Map([...tallies].map(([name, tally]) => [name, tally.answers()]))
}

async function send(pool: Pool, { method = 'GET', path, headers, body }: Shot): Promise<string> {
  try {
    const response = await pool.request({
      method,
      path,
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    })
    await response.body.dump()
    return String(response.statusCode)
  } catch {
    return 'failed'
  }
}

interface Tally {
  offered: number
  note(status: string, ms: number): void
  drop(): void
  answers(): Answers
}

function newTally(): Tally {
  const statuses = new Map<string, number>()
  const latencies: RecordableHistogram = createHistogram()
  const ms = (percentile: number): number => latencies.percentile(percentile) / microseconds
  const count = (status: string): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1)
  return {
    offered: 0,
    drop: () => count('dropped'),
    note: (status, elapsedMs) => {
      count(status)
      latencies.record(Math.max(1, Math.round(elapsedMs * microseconds)))
    },
    answers() {
      const isGood = (status: string): boolean => status.startsWith('2')
      const of = (wanted: boolean): [string, number][] =>
        [...statuses].filter(([status]) => isGood(status) === wanted)
      return {
        offered: this.offered,
        good: of(true).reduce((sum, [, count]) => sum + count, 0),
        others: Object.fromEntries(of(false)),
        p50: ms(50),
        p95: ms(95),
        p99: ms(99),
        max: latencies.max / microseconds,
      }
    },
  }
}
