import { setTimeout as delay } from 'node:timers/promises'
import type { Ground, Heal } from '../drill/drill.ts'
import { lastReason } from '../local/poll.ts'
import type { Check, Platform } from '../verify/check.ts'
import { deadLetterBooks } from '../verify/dead-letter-books.ts'
import { rankingBooks } from '../verify/rankings.ts'
import { titles } from '../verify/title-index.ts'
import type { Fault } from './faults.ts'
import { drive, kinds, type Op } from './history.ts'
import { disturbed, judge } from './judge.ts'

/** What a trial needs of the platform that it breaks. */
export interface Arena {
  readonly ground: Ground
  readonly platform: Platform
  /** Why it is not well; undefined when it is. */
  ailing(): Promise<string | undefined>
  /** How often each process was started again. */
  restarts(): Promise<ReadonlyMap<string, number>>
}

/** What became of one fault. Times are milliseconds. */
export interface Trial {
  readonly fault: string
  readonly seed: number
  readonly heldMs: number
  readonly ops: number
  readonly acknowledged: number
  /** From the healing until all was well; null where that did not come. */
  readonly wellMs: number | null
  readonly broken: readonly string[]
}

const beforeMs = 3000
const heldMostMs = 4000
const afterMs = 2000
const goodInARow = 5
/** Kept in step with every effect, so they can be judged at once; ranks are recounted when their windows are closed. */
const books: readonly Check[] = [rankingBooks, titles, deadLetterBooks]

/** Uses the platform, breaks it, heals it, waits until it is well, and asks the stores what became of it. */
export async function runTrial(fault: Fault, seed: number, arena: Arena): Promise<Trial> {
  const random = randomFrom(seed)
  const since = Date.now()
  const before = await arena.restarts()
  const driver = drive(arena.ground)
  await delay(beforeMs)
  const heldMs = Math.round(random() * heldMostMs)
  await held(await fault.inject(arena.ground, random), heldMs)
  const healed = Date.now()
  const ailing = await untilWell(fault, arena, driver.ops)
  const wellMs = ailing === undefined ? Date.now() - healed : null
  await delay(afterMs)
  await driver.stop()
  const { ops } = driver
  const broken = [
    ...(ailing === undefined ? [] : [`not well within ${fault.wellWithinMs / 1000} s: ${ailing}`]),
    ...(await judge(arena.platform, { ops, since })),
    ...disturbed(ops, fault.spares),
    ...(await startedAgain(fault, arena, before)),
    ...(await unbalanced(arena.platform)),
  ]
  const acknowledged = ops.filter(({ outcome }) => outcome === 'ok').length
  return { fault: fault.name, seed, heldMs, ops: ops.length, acknowledged, wellMs, broken }
}

async function held(heal: Heal, ms: number): Promise<void> {
  try {
    await delay(ms)
  } finally {
    await heal()
  }
}

/** Ready, and the last requests of every kind were answered well. */
const untilWell = (
  { wellWithinMs }: Fault,
  { ailing }: Arena,
  ops: readonly Op[],
): Promise<string | undefined> => {
  const since = ops.length
  const why = async () => (await ailing()) ?? unwell(ops.slice(since))
  return lastReason(why, { withinMs: wellWithinMs, everyMs: 250 })
}

function unwell(ops: readonly Op[]): string | undefined {
  for (const kind of kinds) {
    const last = ops.filter((op) => op.kind === kind).slice(-goodInARow)
    if (last.length < goodInARow || last.some(({ outcome }) => outcome !== 'ok'))
      return `${kind} is not answered well ${goodInARow} times in a row`
  }
  return undefined
}

/** Nobody but the fault's own processes may have ended. */
async function startedAgain(
  { ends }: Fault,
  { restarts }: Arena,
  before: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const now = await restarts()
  return [...now]
    .filter(([name, count]) => count > (before.get(name) ?? 0) && !ends.includes(name))
    .map(([name]) => `${name} ended, which the fault did not end`)
}

async function unbalanced(platform: Platform): Promise<readonly string[]> {
  const found = await Promise.all(
    books.map(async ({ name, run }) =>
      (await run(platform)).broken.map((line) => `${name}: ${line}`),
    ),
  )
  return found.flat()
}

/** Numbers that repeat, so that a red trial can be run again (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
