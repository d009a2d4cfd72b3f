import { readFileSync } from 'node:fs'
import type { Context } from '../../kit/context.ts'
import { redis, type Redis } from '../../kit/redis.ts'
import { pageView } from '../topics.ts'
import { rankings } from '../stores.ts'
import { pack, type Stretch } from './packing.ts'
import type { Ranked, Tally, Weights } from './ranking.ts'
import { keptMs, tolerance, windowSizes } from './windows.ts'

/** What became of a stretch: its outcomes, or the fence where the partition stands instead. */
export type Applied =
  | {
      readonly counted: number
      readonly duplicate: number
      readonly late: number
      readonly early: number
      readonly dead: number
    }
  | { readonly fence: bigint | undefined }

/** What a look at Redis says, all at one moment. */
export interface Standing {
  /** Redis' clock, epoch ms: it decides when windows expire, and all replicas share it. */
  readonly time: number
  /** Partitions that are counted up to date since the last loss. */
  readonly whole: number
  /** Next offset by partition; undefined where Redis has none. */
  readonly fences: readonly (bigint | undefined)[]
}

/** The answer to a reader, with how many partitions are whole. */
export interface Read<Value> {
  readonly whole: number
  readonly value: Value
}

/** Every command to the rankings' Redis. */
export interface RankStore {
  /** Counts a stretch once and moves the fence, or says where the fence is. */
  apply(partition: number, stretch: Stretch): Promise<Applied>
  /** Where counting goes on; begins at `start` without a fence or behind an older one. */
  adopt(
    partition: number,
    at: { start: bigint; goal: bigint },
  ): Promise<{ fence: bigint; anew: boolean }>
  /** Drops everything in one step, so that every partition is counted anew. Answers how many keys went. */
  forget(): Promise<number>
  standing(partitions: number): Promise<Standing>
  /** The first `n` of one window. */
  top(seconds: number, end: number, n: number): Promise<Read<readonly Ranked[]>>
  /** Everything that the windows with these ends hold. */
  tallies(
    seconds: number,
    ends: readonly number[],
  ): Promise<Read<readonly ReadonlyMap<string, Tally>[]>>
}

const whole = 'rank:whole'
const fenceKey = (partition: number): string => `rank:fence:${partition}`
const bookKey = (partition: number): string => `rank:books:${partition}`
const windowKey = (seconds: number, end: number): string => `rank:${seconds}:${end}`

/** A batch may wait behind others in Redis; when its answer is lost, the fence tells whether it was counted. */
const applyWithinMs = 2000
/** A partition that stays silent keeps its dedupe memory for as long as Kafka keeps its records, and 2 h more. */
const memoryKeptMs = pageView.retentionMs + 2 * 3_600_000

const windowList = windowSizes.map((seconds) => `${seconds}:${keptMs(seconds)}`).join(' ')

/** Opens the rankings. @param weights what the sorted sets add up */
export async function openStore(context: Context, weights: Weights): Promise<RankStore> {
  const connected = await redis(context, rankings)
  return {
    apply: applier(connected, weights),
    adopt: adopter(connected),
    forget: forgetter(connected),
    standing: (partitions) => standing(connected, partitions),
    top: topReader(connected),
    tallies: (seconds, ends) => tallies(connected, seconds, ends),
  }
}

function applier(connected: Redis, weights: Weights): RankStore['apply'] {
  const script = connected.script('apply-batch', lua('apply'), { timeoutMs: applyWithinMs })
  const fixed = [windowList, tolerance.duplicateMs, memoryKeptMs, weights.view, weights.like]
  return async (partition, stretch) => {
    const { late, early, dead, base, records, groups } = pack(stretch)
    const keys = [fenceKey(partition), bookKey(partition), whole]
    const offsets = [String(stretch.first), String(stretch.next)]
    const args = [partition, ...offsets, late, early, dead, base, records, groups, ...fixed]
    const [done, ...rest] = (await script(keys, args)) as [number, ...unknown[]]
    if (done !== 1) return { fence: offsetOf(rest[0]) }
    const [counted, duplicate] = rest as [number, number]
    return { counted, duplicate, late, early, dead }
  }
}

function adopter(connected: Redis): RankStore['adopt'] {
  const script = connected.script('adopt-partition', lua('adopt'), { timeoutMs: applyWithinMs })
  return async (partition, { start, goal }) => {
    const keys = [fenceKey(partition), bookKey(partition), whole]
    const [fence, anew] = (await script(keys, [partition, String(start), String(goal)])) as [
      string,
      number,
    ]
    return { fence: BigInt(fence), anew: anew === 1 }
  }
}

function forgetter(connected: Redis): RankStore['forget'] {
  const script = connected.script('forget-all', lua('forget'), { timeoutMs: applyWithinMs })
  return async () => (await script([])) as number
}

async function standing(connected: Redis, partitions: number): Promise<Standing> {
  const fences = Array.from({ length: partitions }, (_, partition) => fenceKey(partition))
  const [time, ready, found = []] = (await connected.pipeline([
    ['TIME'],
    ['HLEN', whole],
    ...(partitions > 0 ? [['MGET', ...fences] as const] : []),
  ])) as [[string, string], number, unknown[]?]
  const ms = Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000)
  return { time: ms, whole: ready, fences: found.map(offsetOf) }
}

function topReader(connected: Redis): RankStore['top'] {
  const script = connected.script('read-top', lua('top'))
  return async (seconds, end, n) => {
    const key = windowKey(seconds, end)
    const keys = [whole, key, `${key}:views`, `${key}:likes`]
    const [ready, ids, scores, views, likes] = (await script(keys, [n])) as [
      number,
      string[],
      string[],
      (string | null)[],
      (string | null)[],
    ]
    const value = ids.map((contentId, at) => ({
      contentId,
      count: Number(scores[at]),
      views: Number(views[at] ?? 0),
      likes: Number(likes[at] ?? 0),
    }))
    return { whole: ready, value }
  }
}

/** One command per hash, so that a large sum does not block Redis for long. `whole` comes last: it covers the rest. */
async function tallies(
  connected: Redis,
  seconds: number,
  ends: readonly number[],
): ReturnType<RankStore['tallies']> {
  const hashes = ends.flatMap((end) => [
    `${windowKey(seconds, end)}:views`,
    `${windowKey(seconds, end)}:likes`,
  ])
  const replies = await connected.pipeline([
    ...hashes.map((hash) => ['HGETALL', hash] as const),
    ['HLEN', whole],
  ])
  const counts = replies.slice(0, -1).map(countsOf)
  const value = ends.map((_, at) =>
    merged(counts[2 * at] ?? new Map(), counts[2 * at + 1] ?? new Map()),
  )
  return { whole: replies.at(-1) as number, value }
}

function merged(
  views: ReadonlyMap<string, number>,
  likes: ReadonlyMap<string, number>,
): ReadonlyMap<string, Tally> {
  const ids = new Set([...views.keys(), ...likes.keys()])
  return new Map(
    [...ids].map((id) => [id, { views: views.get(id) ?? 0, likes: likes.get(id) ?? 0 }]),
  )
}

function countsOf(reply: unknown): ReadonlyMap<string, number> {
  const flat = reply as readonly string[]
  return new Map(
    flat.flatMap((field, at): [string, number][] =>
      at % 2 === 0 ? [[field, Number(flat[at + 1])]] : [],
    ),
  )
}

const offsetOf = (value: unknown): bigint | undefined =>
  typeof value === 'string' ? BigInt(value) : undefined

const lua = (name: string): string =>
  readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8')
