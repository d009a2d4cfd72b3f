import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { execa } from 'execa'
import type { Benchmark } from '../../../bench/benchmark.ts'
import { benchmarks } from '../../../bench/benchmarks.ts'
import { watchMachine } from '../../../bench/machine.ts'
import { resultFile } from '../../../bench/page.ts'
import { figureRows, subjectOf, verdictRows, wantedOf, type Result } from '../../../bench/report.ts'
import { verdicts } from '../../../bench/verdict.ts'
import { makePlaces, type Places } from '../paths.ts'
import { thisCheckout } from './checkout.ts'
import { jsonOption, UsageError, type Command } from './command.ts'
import { interruption } from './interruption.ts'
import { laboratory } from './laboratory.ts'
import { number } from './number.ts'
import { paint, print, printJson, say, table } from './output.ts'

interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly save: boolean
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('bench [name...]')
    .description('measure against peers in the same run; without a name, list the benchmarks')
    .option('--rounds <n>', 'turns of each contender', number, 3)
    .option('--seconds <n>', 'how long each load lasts', number, 8)
    .option('--no-save', 'leave bench/results as it is')
    .option(...jsonOption)
    .addHelpText('after', '\nFigures count when nothing else runs on the machine.')
    .action(run)
}

async function run(asked: readonly string[], options: Options): Promise<void> {
  if (asked.length === 0) return list(options)
  const chosen = asked.map(benchmarkNamed)
  const where = thisCheckout()
  await makePlaces(where)
  const results: Result[] = []
  for (const one of chosen) {
    const result = await measure(one, where, options)
    results.push(result)
    if (options.save) save(where, result)
    if (options.json !== true) tell(result)
  }
  if (options.json === true) printJson(results)
}

function tell({ turns, verdicts: found }: Result): void {
  print(table(figureRows(turns)))
  print()
  print(table(verdictRows(found)))
  print()
}

function benchmarkNamed(name: string): Benchmark {
  const found = benchmarks.find((one) => one.name === name)
  if (found) return found
  const names = benchmarks.map((one) => one.name)
  throw new UsageError(`There is no benchmark "${name}": ${names.join(', ')}.`)
}

function list({ json }: Options): void {
  if (json === true)
    return printJson(benchmarks.map(({ name, summary, goals }) => ({ name, summary, goals })))
  for (const { name, summary, goals } of benchmarks) {
    print(`${paint('bold', name)}  ${summary}`)
    print(table(goals.map((goal) => ['   ', subjectOf(goal), wantedOf(goal)])))
  }
}

async function measure(asked: Benchmark, where: Places, options: Options): Promise<Result> {
  const { rounds, seconds } = options
  const stopped = interruption(() => say('Interrupted: stopping what was started.'))
  const interrupted = new Promise<never>((_, reject) => {
    stopped.addEventListener('abort', () => reject(new Error('The benchmark was interrupted.')))
  })
  const lab = await laboratory(where, { rounds, seconds, say })
  const machine = watchMachine()
  try {
    const { turns, versions } = await Promise.race([asked.run(lab), interrupted])
    return {
      name: asked.name,
      command: `./maru bench ${asked.name} --rounds ${rounds} --seconds ${seconds}`,
      date: new Date().toISOString(),
      commit: await commitOf(where),
      host: machine(),
      versions,
      verdicts: verdicts(asked.goals, turns, asked.load),
      turns,
    }
  } finally {
    await lab.close()
  }
}

async function commitOf({ root }: Places): Promise<string> {
  const git = async (...args: string[]): Promise<string> =>
    (await execa('git', args, { cwd: root, reject: false })).stdout.trim()
  const changed = await git('status', '--porcelain', '--', ':!bench/results', ':!docs')
  return `${await git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : '+'}`
}

function save({ root }: Places, result: Result): void {
  const file = resultFile(root, result.name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
  say(`${relative(root, file)} is written; ./maru render puts it into docs/performance.md.`)
}
