import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { faults, type Fault } from '../../prove/faults.ts'
import { pageOf, resultsIn, summaryOf, type Results, type Summary } from '../../prove/results.ts'
import { withTables } from '../../rendered-tables.ts'
import { runTrial, type Arena, type Trial } from '../../prove/trial.ts'
import { verify } from '../../verify/verify.ts'
import { rankings } from '../../verify/rankings.ts'
import { thisCheckout, supervisorHere } from './checkout.ts'
import { exitCodes, jsonOption, oneNamed, UsageError, type Command } from './command.ts'
import { groundHere } from './drill-ground.ts'
import { interruption } from './interruption.ts'
import { number } from './number.ts'
import { paint, print, printJson, say, table } from './output.ts'
import { platformHere } from './verify.ts'

interface Options {
  readonly only?: readonly string[]
  readonly trials: number
  readonly seed?: number
  readonly shard?: string
  readonly resume?: boolean
  readonly page?: boolean
  readonly json?: boolean
}

const suites = ['faults'] as const

export function register(program: Command): void {
  const list = faults.map(({ name, says }) => `  ${name}: ${says}`).join('\n')
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
    .addHelpText('after', `\nSuites: ${suites.join(', ')}.\n\nFaults:\n${list}`)
    .action(run)
}

async function run(suite: string, options: Options): Promise<void> {
  if (suite !== 'faults') throw new UsageError(`There is no suite "${suite}"; there is faults.`)
  const where = thisCheckout()
  const results = resultsIn(join(where.state, 'prove/faults.jsonl'))
  if (options.resume !== true) await results.clear()
  const chosen = options.only?.map((name) => oneNamed('fault', faults, name)) ?? faults
  const wanted = await trialsOf(chosen, options, results)
  const signal = interruption((code) => code)
  const { ground, ailing, heal } = await groundHere()
  const platform = await platformHere()
  const arena: Arena = { ground, platform, ailing, restarts }
  let broken = 0
  try {
    for (const { fault, seed } of wanted) {
      if (signal.aborted) break
      const trial = await runTrial(fault, seed, arena)
      await results.add(trial)
      broken += trial.broken.length
      lines(trial).forEach(say)
    }
    // Ranks can be recounted when their windows are closed; by then those of the first trials may be forgotten.
    const [ranks] = await verify(platform, () => undefined, [rankings])
    broken += ranks?.broken.length ?? 1
    ranks?.broken.forEach((line) => say(`    ${line}`))
  } finally {
    await heal()
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
  return chosen.flatMap((fault, at) => {
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

const restarts = async (): Promise<ReadonlyMap<string, number>> =>
  new Map((await supervisorHere().processes()).map((one) => [one.name, one.restarts]))

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
