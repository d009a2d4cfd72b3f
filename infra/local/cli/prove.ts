import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from '../../prove/fault.ts'
import { faults } from '../../prove/faults.ts'
import { pageOf, resultsIn, summaryOf, type Results, type Summary } from '../../prove/results.ts'
import { withTables } from '../../rendered-tables.ts'
import { rollingRestart, twins } from '../../prove/rolling.ts'
import { runTrial, warmUp, type Trial } from '../../prove/trial.ts'
import { cleanLogs } from '../../verify/clean-logs.ts'
import { verify } from '../../verify/verify.ts'
import { rankings } from '../../verify/rankings.ts'
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

const suites = {
  faults: 'breaks every part in turn',
  rolling: 'restarts every instance that has a twin; not one request may fail',
} as const

export function register(program: Command): void {
  const list = faults.map(({ name, says }) => `  ${name}: ${says}`).join('\n')
  const suiteList = Object.entries(suites)
    .map(([name, says]) => `  ${name}: ${says}`)
    .join('\n')
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
    .addHelpText('after', `\nSuites:\n${suiteList}\n\nFaults:\n${list}`)
    .action(run)
}

function run(suite: string, options: Options): Promise<void> {
  if (suite === 'faults') return proveFaults(options)
  if (suite === 'rolling') return proveRolling(options)
  throw new UsageError(`There is no suite "${suite}"; there are ${Object.keys(suites).join(', ')}.`)
}

async function proveFaults(options: Options): Promise<void> {
  const where = thisCheckout()
  const results = resultsIn(join(where.state, 'prove/faults.jsonl'))
  if (options.resume !== true) await results.clear()
  const chosen = options.only?.map((name) => oneNamed('fault', faults, name)) ?? faults
  const wanted = await trialsOf(chosen, options, results)
  const signal = interruption((code) => code)
  const { arena, plugIn, leave } = await arenaHere()
  let broken = 0
  try {
    await warmUp(arena)
    for (const { fault, seed } of wanted) {
      if (signal.aborted) break
      if (fault.wires.length > 0) await plugIn(wanted.flatMap((one) => one.fault.wires))
      const trial = await runTrial(fault, seed, arena).catch((error: Error) =>
        unrun(fault, seed, error),
      )
      await results.add(trial)
      broken += trial.broken.length
      lines(trial).forEach(say)
    }
    // Ranks can be recounted when their windows are closed; by then those of the first trials may be forgotten.
    for (const { check, broken: wrong } of await verify(arena.platform, () => undefined, lastly)) {
      broken += wrong.length
      wrong.forEach((line) => say(`    ${check}: ${line}`))
    }
  } finally {
    await leave()
  }
  const all = await results.all()
  const summaries = faults.map((fault) => summaryOf(fault, all))
  if (options.page === true) await writePage(where.root, summaries)
  process.exitCode = signal.aborted
    ? (signal.reason as number)
    : broken > 0
      ? exitCodes.failed
      : exitCodes.ok
  if (options.json === true) return printJson({ ok: process.exitCode === 0, trials: all })
  show(summaries)
}

/** A fault that could not be injected, or a platform that was not well before: nothing is shown by it. */
const unrun = ({ name }: Fault, seed: number, { message }: Error): Trial => ({
  ...{ fault: name, seed, heldMs: 0, ops: 0, acknowledged: 0, wellMs: null },
  broken: [message],
})

const lastly = [rankings, cleanLogs]

async function proveRolling({ seed = 0, json }: Options): Promise<void> {
  const { arena, leave } = await arenaHere()
  const names = twins(arena.platform.topology, new Set((await arena.restarts()).keys()))
  if (names.length === 0)
    throw new EnvironmentError('Nothing runs twice: ./maru up --replicas rank=2 search=2 …')
  await warmUp(arena)
  const trial = await runTrial(rollingRestart(names), seed, arena).finally(leave)
  if (trial.broken.length > 0) process.exitCode = exitCodes.failed
  if (json === true) return printJson({ ok: trial.broken.length === 0, restarted: names, trial })
  print(`restarted: ${names.join(', ')}`)
  lines(trial).forEach((line) => print(line))
}

/** Which trials are to be done: seeds count on, shards take turns, and what was done is left out. */
async function trialsOf(
  chosen: readonly Fault[],
  { trials, seed, shard }: Options,
  results: Results,
): Promise<readonly { readonly fault: Fault; readonly seed: number }[]> {
  const [part, parts] = shardOf(shard)
  const first = seed ?? Math.floor(Math.random() * 1e9)
  const done = await results.all()
  say(`seeds from ${first}`)
  // Wires change what a killed server looks like from its users, so they come last.
  const order = [...chosen].sort(
    (one, other) => Number(one.wires.length > 0) - Number(other.wires.length > 0),
  )
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

async function writePage(root: string, summaries: readonly Summary[]): Promise<void> {
  const page = 'docs/reliability.md'
  const file = join(root, page)
  const text = await readFile(file, 'utf8')
  await writeFile(file, withTables(page, text, { faults: `\n${pageOf(summaries)}\n` }))
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
