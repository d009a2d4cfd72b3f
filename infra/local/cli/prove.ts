import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRigged, type Fault } from '../../prove/fault.ts'
import {
  pageOf,
  resultsIn,
  summaryOf,
  totalOf,
  type Results,
  type Summary,
} from '../../prove/results.ts'
import { withTables } from '../../rendered-tables.ts'
import { rollingRestart, twins } from '../../prove/rolling.ts'
import type { Suite } from '../../prove/suite.ts'
import { suites } from '../../prove/suites.ts'
import { runTrial, warmUp, type Trial } from '../../prove/trial.ts'
import { webtoon } from '../../prove/webtoon/suite.ts'
import { verify } from '../../verify/verify.ts'
import { arenaHere } from './arena.ts'
import { thisCheckout } from './checkout.ts'
import {
  EnvironmentError,
  exitCodes,
  jsonOption,
  oneNamed,
  UsageError,
  type Command,
} from './command.ts'
import { interruption } from './interruption.ts'
import { number } from './number.ts'
import { paint, print, printJson, say, table } from './output.ts'

interface Options {
  readonly only?: readonly string[]
  readonly trials: number
  readonly seed?: number
  readonly shard?: string
  readonly resume?: boolean
  readonly page?: boolean
  readonly json?: boolean
}

const rolling = {
  name: 'rolling',
  says: 'restarts every instance that has a twin; not one request may fail',
} as const

const listed = (all: readonly { readonly name: string; readonly says: string }[]): string =>
  all.map(({ name, says }) => `  ${name}: ${says}`).join('\n')

export function register(program: Command): void {
  const faultLists = suites.map(({ name, faults }) => `Faults of ${name}:\n${listed(faults)}`)
  program
    .command('prove <suite>')
    .description(
      'break the running platform again and again; the stores say whether anything was lost',
    )
    .option('--only <fault...>', 'these faults')
    .option('--trials <n>', 'of each fault', number, 1)
    .option(
      '--seed <n>',
      'of the first trial, the next have the numbers after it; random by default',
      number,
    )
    .option('--shard <i/n>', 'the i-th of n parts of the trials')
    .option('--resume', 'keep what earlier runs found and do only what is missing')
    .option('--page', 'write what was found into docs/reliability.md')
    .option(...jsonOption)
    .addHelpText(
      'after',
      `\nSuites:\n${listed([...suites, rolling])}\n\n${faultLists.join('\n\n')}`,
    )
    .action(run)
}

function run(name: string, options: Options): Promise<void> {
  if (name === rolling.name) return proveRolling(options)
  return prove(oneNamed('suite', [...suites, rolling], name) as Suite, options)
}

async function prove(suite: Suite, options: Options): Promise<void> {
  const { faults } = suite
  const where = thisCheckout()
  const results = resultsIn(join(where.state, `prove/${suite.name}.jsonl`))
  if (options.resume !== true) await results.clear()
  const chosen = options.only?.map((name) => oneNamed('fault', faults, name)) ?? faults
  const wanted = await trialsOf(suite, chosen, { options, results })
  const signal = interruption((code) => code)
  const { arena, rig, leave } = await arenaHere()
  const { settings } = suite
  const edges = wanted.flatMap(({ fault }) => fault.wires)
  const clocks = [...new Set(wanted.flatMap(({ fault }) => fault.clocks))]
  let broken = 0
  try {
    await rig({ edges: [], clocks: [], settings })
    await warmUp(suite, arena)
    for (const one of wanted) {
      if (signal.aborted) break
      if (isRigged(one.fault)) await rig({ edges, clocks, settings })
      const trial = await runTrial(suite, one, arena).catch((error: Error) => unrun(one, error))
      await results.add(trial)
      broken += trial.broken.length
      lines(trial).forEach(say)
    }
    const last = await verify(arena.platform, () => undefined, suite.lastly)
    for (const { check, broken: wrong } of last) {
      broken += wrong.length
      wrong.forEach((line) => say(`    ${check}: ${line}`))
    }
  } finally {
    await leave()
  }
  const all = await results.all()
  const summaries = [...faults.map((fault) => summaryOf(fault, all)), totalOf(all)]
  if (options.page === true) await writePage(where.root, suite, summaries)
  process.exitCode = signal.aborted
    ? (signal.reason as number)
    : broken > 0
      ? exitCodes.failed
      : exitCodes.ok
  if (options.json === true) return printJson({ ok: process.exitCode === 0, trials: all })
  show(summaries)
}

interface Wanted {
  readonly fault: Fault
  readonly seed: number
}

/** A fault that could not be injected, or a platform that was not well before: nothing is shown by it. */
const unrun = ({ fault, seed }: Wanted, { message }: Error): Trial => ({
  ...{ fault: fault.name, seed, heldMs: 0, ops: 0, acknowledged: 0, wellMs: null },
  broken: [message],
})

async function proveRolling({ seed = 0, json }: Options): Promise<void> {
  const { arena, leave } = await arenaHere()
  const names = twins(arena.platform.topology, new Set((await arena.restarts()).keys()))
  if (names.length === 0)
    throw new EnvironmentError('Nothing runs twice: ./maru up --replicas rank=2 search=2 …')
  await warmUp(webtoon, arena)
  const one = { fault: rollingRestart(names), seed }
  const trial = await runTrial(webtoon, one, arena).finally(leave)
  if (trial.broken.length > 0) process.exitCode = exitCodes.failed
  if (json === true) return printJson({ ok: trial.broken.length === 0, restarted: names, trial })
  print(`restarted: ${names.join(', ')}`)
  lines(trial).forEach((line) => print(line))
}

/** Which trials are to be done: seeds count on, shards take turns, and what was done is left out. */
async function trialsOf(
  { faults }: Suite,
  chosen: readonly Fault[],
  { options, results }: { readonly options: Options; readonly results: Results },
): Promise<readonly Wanted[]> {
  const { trials, seed, shard } = options
  const [part, parts] = shardOf(shard)
  const first = seed ?? Math.floor(Math.random() * 1e9)
  const done = await results.all()
  say(`seeds from ${first}`)
  // Wires change what a killed server looks like from its users, so they come last.
  const order = [...chosen].sort((one, other) => Number(isRigged(one)) - Number(isRigged(other)))
  return order.flatMap((fault, at) => {
    const left = trials - done.filter((trial) => trial.fault === fault.name).length
    return Array.from({ length: Math.max(0, left) }, (_, n) => ({
      fault,
      seed: first + n * faults.length + at,
    })).filter((_, n) => (at + n) % parts === part - 1)
  })
}

function shardOf(text: string | undefined): readonly [number, number] {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(text ?? '1/1') ?? []
  const found = [Number(part), Number(parts)] as const
  if (!(found[0] >= 1 && found[0] <= found[1]))
    throw new UsageError(`"${text}" is no shard such as 2/3.`)
  return found
}

async function writePage(
  root: string,
  { name }: Suite,
  summaries: readonly Summary[],
): Promise<void> {
  const page = 'docs/reliability.md'
  const file = join(root, page)
  const text = await readFile(file, 'utf8')
  await writeFile(file, withTables(page, text, { [name]: `\n${pageOf(summaries)}\n` }))
}

function lines({ fault, seed, heldMs, ops, wellMs, broken }: Trial): readonly string[] {
  const mark = broken.length === 0 ? paint('green', '✓') : paint('red', '✗')
  const well = wellMs === null ? 'not well again' : `well after ${(wellMs / 1000).toFixed(1)} s`
  return [
    `${mark} ${fault} (seed ${seed}): held ${(heldMs / 1000).toFixed(1)} s, ${well}, ${ops} requests`,
    ...broken.slice(0, 10).map((line) => `    ${line}`),
  ]
}

function show(summaries: readonly Summary[]): void {
  const rows = summaries
    .filter(({ trials }) => trials > 0)
    .map(({ fault, trials, failed, bound, wellMs }) => [
      fault.name,
      String(trials),
      failed === 0 ? paint('green', '0') : paint('red', String(failed)),
      bound === null ? '-' : `${(bound * 100).toFixed(0)} %`,
      wellMs === null ? '-' : `${(wellMs.median / 1000).toFixed(1)} s`,
    ])
  print(table([['FAULT', 'TRIALS', 'FAILED', 'RATE AT MOST', 'WELL AGAIN'], ...rows]))
}
