import { setTimeout as delay } from 'node:timers/promises'
import { randomFrom, type Random } from '../../services/kit/testing/random.ts'
import { lastReason } from '../local/poll.ts'
import type { Check, Platform } from '../verify/check.ts'
import { deadLetterBooks } from '../verify/dead-letter-books.ts'
import { rankingBooks } from '../verify/rankings.ts'
import { titles } from '../verify/title-index.ts'
import { sparedBy, type Fault } from './fault.ts'
import type { ProvingGround } from './ground.ts'
import { drive, kinds, type Kind, type Op } from './history.ts'
import { disturbed, hung, judge } from './judge.ts'

/** What a trial needs of the platform that it breaks. */
export interface Arena {
  readonly ground: ProvingGround
  readonly platform: Platform
  /** Services of which an instance is not ready. */
  unready(): Promise<readonly string[]>
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

const beforeMs = 1000
/** Nothing can be said of a fault on a platform that is not well. */
const steadyWithinMs = 60_000
const afterMs = 1000
const warmUpMs = 8000
const goodInARow = 5
/** Kept in step with every effect, so they can be judged at once; ranks are recounted when their windows are closed. */
const books: readonly Check[] = [rankingBooks, titles, deadLetterBooks]

/**
 * Uses the platform, breaks it, heals it, waits until it is well, and asks the stores what became of it.
 * @throws Error when it is not well before the fault
 */
export async function runTrial(fault: Fault, seed: number, arena: Arena): Promise<Trial> {
  const random = randomFrom(seed)
  const since = Date.now()
  const before = await arena.restarts()
  const driver = drive(arena.ground)
  try {
    await delay(beforeMs)
    const unsteady = await untilWell(arena, driver.ops, steadyWithinMs)
    if (unsteady !== undefined) throw new Error(`Before ${fault.name}: ${unsteady}.`)
    const steady = driver.ops.length
    const { least, most } = fault.lastsMs
    const heldMs = Math.round(least + random() * (most - least))
    const silent = await held(fault, { arena, random, heldMs })
    const healed = Date.now()
    const ailing = await untilWell(arena, driver.ops, fault.wellWithinMs)
    const wellMs = ailing === undefined ? Date.now() - healed : null
    await delay(afterMs)
    await driver.stop()
    const { ops } = driver
    const broken = [
      ...silent.map((name) => `${name} did not say that it was not ready`),
      ...(ailing === undefined
        ? []
        : [`not well within ${fault.wellWithinMs / 1000} s: ${ailing}`]),
      ...(await judge(arena.platform, { ops, since })),
      ...disturbed(ops.slice(steady), spared(fault, before), fault.sparedShare),
      ...hung(ops.slice(steady), fault),
      ...(await startedAgain(fault, arena, before)),
      ...(await unbalanced(arena.platform)),
    ]
    const acknowledged = ops.filter(({ outcome }) => outcome === 'ok').length
    return { fault: fault.name, seed, heldMs, ops: ops.length, acknowledged, wellMs, broken }
  } finally {
    await driver.stop()
  }
}

/** Uses a platform that was just started until what compiles while it runs is compiled. */
export async function warmUp({ ground }: Pick<Arena, 'ground'>): Promise<void> {
  const driver = drive(ground)
  await delay(warmUpMs)
  await driver.stop()
}

const lookEveryMs = 250

/** Breaks, waits and heals. @returns who should have said that they are not ready, and did not */
async function held(
  { inject, tells }: Fault,
  {
    arena,
    random,
    heldMs,
  }: { readonly arena: Arena; readonly random: Random; readonly heldMs: number },
): Promise<readonly string[]> {
  const heal = await inject(arena.ground, random)
  const silent = new Set(tells)
  try {
    const until = performance.now() + heldMs
    while (silent.size > 0 && performance.now() < until) {
      for (const name of await arena.unready()) silent.delete(name)
      await delay(lookEveryMs)
    }
    await delay(Math.max(0, until - performance.now()))
  } finally {
    await heal()
  }
  return [...silent]
}

/** Where everybody who ends has a twin, nobody may notice. */
const spared = (fault: Fault, instances: ReadonlyMap<string, number>): readonly Kind[] =>
  fault.ends.length > 0 && fault.ends.every((name) => instances.has(name.replace(/-1$/, '-2')))
    ? kinds
    : sparedBy(fault)

/** Ready, and the last requests of every kind were answered well. */
const untilWell = (
  { unready }: Arena,
  ops: readonly Op[],
  withinMs: number,
): Promise<string | undefined> => {
  const since = ops.length
  const why = async () => {
    const [first] = await unready()
    return first === undefined ? unwell(ops.slice(since)) : `${first} is not ready`
  }
  return lastReason(why, { withinMs, everyMs: 250 })
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
