import test from 'ava'
import { wholeFrom } from '../../kit/testing/random.ts'
import { recount, type LogRecord } from '../../../infra/verify/recount.ts'
import { rebuildMs } from './windows.ts'

const seeds = Array.from({ length: 200 }, (_, at) => at)
const begin = Date.UTC(2026, 0, 1)
const memoryMs = 360_000

/** What a rebuild counts that reads only the records from `from` on. */
const rebuilt = (log: readonly LogRecord[], from: number) =>
  recount(log.filter(({ timestamp }) => timestamp >= from))

test('copies with their own time are judged alike wherever counting begins', (t) => {
  for (const seed of seeds) {
    const random = wholeFrom(seed)
    const log = chain(random, { copies: 60, apartMs: 70_000 }).map((one, at, all) => ({
      ...one,
      eventId: String(Math.floor(at / 3)),
      ts: all[at - (at % 3)]?.ts ?? one.ts,
    }))
    const from = begin + 600_000
    const borne = from + memoryMs
    t.deepEqual(since(rebuilt(log, from), borne), since(recount(log), borne), `seed ${seed}`)
  }
})

test('an id that is sent again and again with new times is off by at most one, until it rests', (t) => {
  let differed = 0
  for (const seed of seeds) {
    const random = wholeFrom(seed)
    const first = chain(random, { copies: 40, apartMs: 500_000 / 2 })
    const rest = (first.at(-1)?.timestamp ?? begin) + memoryMs + 1
    const log = [...first, ...chain(random, { copies: 10, apartMs: 250_000, from: rest })].map(
      (one, at) => ({ ...one, offset: BigInt(at) }),
    )
    const from = first[1 + random(10)]?.timestamp ?? begin
    const [whole, part] = [recount(log), rebuilt(log, from)]
    const borne = from + memoryMs
    const off = Math.abs(total(since(whole, borne)) - total(since(part, borne)))
    t.true(off <= 1, `seed ${seed}: ${off}`)
    t.deepEqual(since(part, rest), since(whole, rest), `seed ${seed}`)
    if (since(part, borne).join() !== since(whole, borne).join()) differed += 1
  }
  t.true(differed > 0, 'the case is not reached by these chains')
})

test('what is served lies behind the memory with which a rebuild begins', (t) => {
  const oldestServed = 5 * 300_000 + 300_000 + 2000
  t.true(rebuildMs - memoryMs > oldestServed)
})

/** Copies of one event with new times, each up to `apartMs` after the one before. */
function chain(
  random: (below: number) => number,
  { copies, apartMs, from = begin }: { copies: number; apartMs: number; from?: number },
): readonly LogRecord[] {
  let at = from
  return Array.from({ length: copies }, (_, place) => {
    if (place > 0) at += 1 + random(apartMs)
    const event = { contentId: 'w-001', eventId: 'e', action: 'view' as const, ts: at }
    return { partition: 0, offset: BigInt(place), timestamp: at, ...event }
  })
}

/** The windows of 10 s that begin at `from` or later, with their counts. */
const since = ({ counts }: ReturnType<typeof recount>, from: number): readonly string[] =>
  [...counts]
    .filter(([key]) => key.startsWith('10:') && Number(key.split(':')[1]) - 10_000 >= from)
    .map(([key, count]) => `${key} = ${count}`)
    .sort()

const total = (held: readonly string[]): number =>
  held.reduce((sum, line) => sum + Number(line.split(' = ')[1]), 0)
