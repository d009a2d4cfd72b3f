import { setTimeout as delay } from 'node:timers/promises'
import { randomFrom, type Random } from '../../services/kit/testing/random.ts'
import { lastReason } from '../local/poll.ts'
import type { Platform } from '../verify/check.ts'
import type { Fault } from './fault.ts'
import type { ProvingGround } from './ground.ts'
import type { Op } from './history.ts'
import { aside, disturbed, hung, spared } from './judge.ts'
import type { Suite } from './suite.ts'

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
/**
 * Uses the platform, breaks it, heals it, waits until it is well, and asks the stores what became of it.
 * @throws Error when it is not well before the fault
 */
export async function runTrial(
  suite: Suite,
  { fault, seed }: { readonly fault: Fault; readonly seed: number },
  arena: Arena,
): Promise<Trial> {
  const random = randomFrom(seed)
  const before = await arena.restarts()
  await suite.prepare?.(arena.ground)
  const load = suite.drive(arena.ground, randomFrom(seed + 1))
  const well = (withinMs: number) => untilWell(arena, { load, kinds: suite.kinds, withinMs })
  try {
    await delay(beforeMs)
    const unsteady = await well(steadyWithinMs)
    if (unsteady !== undefined) throw new Error(`Before ${fault.name}: ${unsteady}.`)
    const steady = load.ops.length
    const { least, most } = fault.lastsMs
    const heldMs = Math.round(least + random() * (most - least))
    const broke = Date.now()
    const { silent, brokenBy } = await held(fault, { arena, random, heldMs })
    const healed = Date.now()
    const ailing = await well(fault.wellWithinMs)
    const wellMs = ailing === undefined ? Date.now() - healed : null
    await delay(afterMs)
    await load.stop()
    const ops = load.ops.slice(steady)
    const meanwhile = ops.filter(({ at }) => at >= broke && at < healed)
    const broken = [
      ...silent.map((name) => `${name} did not say that it was not ready`),
      ...(ailing === undefined
        ? []
        : [`not well within ${fault.wellWithinMs / 1000} s: ${ailing}`]),
      ...(await load.judged(arena.platform)),
      ...disturbed(
        fault.isAbrupt ? aside(ops, { from: broke, to: brokenBy }) : ops,
        spared(suite.kinds, fault, before),
        fault.sparedShare,
      ),
      ...hung(ops, fault),
      ...(fault.objections?.(meanwhile) ?? []),
      ...(await startedAgain(fault, arena, before)),
      ...(await unbalanced(suite, arena.platform)),
    ]
    const acknowledged = load.ops.filter(({ outcome }) => outcome === 'ok').length
    const result = { fault: fault.name, seed, heldMs, ops: load.ops.length }
    return { ...result, acknowledged, wellMs, broken }
  } finally {
    await load.stop()
  }
}

/** Uses a platform that was just started until what compiles while it runs is compiled. */
export async function warmUp(
  { drive, prepare }: Suite,
  { ground }: Pick<Arena, 'ground'>,
): Promise<void> {
  await prepare?.(ground)
  const load = drive(ground, randomFrom(0))
  await delay(warmUpMs)
  await load.stop()
}

const lookEveryMs = 250

/** Breaks, waits and heals. @returns who should have said that they are not ready, and did not; and when it was broken */
async function held(
  { inject, tells }: Fault,
  {
    arena,
    random,
    heldMs,
  }: { readonly arena: Arena; readonly random: Random; readonly heldMs: number },
): Promise<{ readonly silent: readonly string[]; readonly brokenBy: number }> {
  const heal = await inject(arena.ground, random)
  const brokenBy = Date.now()
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
  return { silent: [...silent], brokenBy }
}

/** Ready, and the last requests of every kind were answered well. */
function untilWell(
  { unready }: Arena,
  {
    load,
    kinds,
    withinMs,
  }: { load: { ops: readonly Op[] }; kinds: Suite['kinds']; withinMs: number },
): Promise<string | undefined> {
  const since = load.ops.length
  const why = async () => {
    const [first] = await unready()
    return first === undefined ? unwell(load.ops.slice(since), kinds) : `${first} is not ready`
  }
  return lastReason(why, { withinMs, everyMs: 250 })
}

function unwell(ops: readonly Op[], kinds: Suite['kinds']): string | undefined {
  for (const kind of kinds) {
    const last = ops.filter((op) => op.kind === kind).slice(-goodInARow)
    if (last.length < goodInARow || last.some(({ outcome }) => outcome !== 'ok'))
      return `${kind} is not answered well ${goodInARow} times in a row, but ${told(last)}`
  }
  return undefined
}

const told = (ops: readonly Op[]): string =>
  ops.map(({ status, code = '', ms }) => `${status} ${code} (${ms} ms)`).join(', ') || 'not at all'

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

async function unbalanced({ books }: Suite, platform: Platform): Promise<readonly string[]> {
  const found = await Promise.all(
    books.map(async ({ name, run }) =>
      (await run(platform)).broken.map((line) => `${name}: ${line}`),
    ),
  )
  return found.flat()
}
