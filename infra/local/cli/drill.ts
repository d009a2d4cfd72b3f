import { drills } from '../../drill/drills.ts'
import { lightUse, usedForAWhile } from '../../drill/ground.ts'
import { runDrill, type Score } from '../../drill/run.ts'
import { exitCodes, jsonOption, oneNamed, type Command } from './command.ts'
import { drillGround } from './drill-ground.ts'
import { interruption } from './interruption.ts'
import { paint, print, printJson, say } from './output.ts'

interface Options {
  readonly realTime?: boolean
  readonly json?: boolean
}

/** Windows and waits take a tenth of their time, so that all drills fit into a coffee break. */
const drillScale = 0.1

export function register(program: Command): void {
  const list = drills.map(({ name, says }) => `  ${name}: ${says}`).join('\n')
  program
    .command('drill [name...]')
    .description('break the running platform on purpose and see that the right alerts fire')
    .option('--real-time', 'with the rules as they are committed, at their full length')
    .option(...jsonOption)
    .addHelpText('after', `\nDrills:\n${list}`)
    .action(run)
}

async function run(names: readonly string[], { realTime, json }: Options): Promise<void> {
  const chosen = names.length === 0 ? drills : names.map((name) => oneNamed('drill', drills, name))
  const scale = realTime === true ? 1 : drillScale
  const signal = interruption((code) => code)
  const scores: Score[] = []
  const { ground, watch, leave } = await drillGround(scale, signal)
  try {
    lightUse(ground)
    await usedForAWhile(signal)
    for (const drill of chosen) {
      say(`${drill.name}: ${drill.says}`)
      const score = await runDrill(drill, ground, watch)
      scores.push(score)
      if (json !== true) lines(score).forEach((line) => print(line))
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await leave()
  }
  const failed = scores.filter(({ passed }) => !passed).length
  const left = chosen.length - scores.length
  process.exitCode = signal.aborted
    ? (signal.reason as number)
    : failed > 0
      ? exitCodes.failed
      : exitCodes.ok
  if (json === true) return printJson({ ok: failed + left === 0, scale, scores })
  print(summary(scores.length, failed, left))
}

const summary = (done: number, failed: number, left: number): string =>
  failed + left === 0
    ? paint('green', `\nAll ${done} drills: the right alerts fired, and no other.`)
    : paint(
        'red',
        `\n${failed} of ${done} drills failed${left > 0 ? `, ${left} were left out` : ''}.`,
      )

function lines({ drill, passed, fired, recoveredSeconds, problems }: Score): readonly string[] {
  const mark = passed ? paint('green', '✓') : paint('red', '✗')
  const recovered =
    recoveredSeconds === null ? 'not well again' : `well again after ${recoveredSeconds} s`
  return [
    `${mark} ${drill}: ${recovered}`,
    ...fired.map(({ alert, afterSeconds, withinSeconds }) => {
      const told = afterSeconds === null ? 'was not told' : `told after ${afterSeconds} s`
      return `    ${alert} ${told} (within ${withinSeconds} s)`
    }),
    ...problems.map((problem) => `    ${paint('red', problem)}`),
  ]
}
