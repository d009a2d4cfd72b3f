import { makePlaces } from '../paths.ts'
import { runTests } from '../test-run/run.ts'
import type { TapResult } from '../test-run/tap.ts'
import { thisCheckout } from './checkout.ts'
import { exitCodes, jsonOption, UsageError, type Command } from './command.ts'
import { interruption } from './interruption.ts'
import { paint, print, printJson, say } from './output.ts'

interface Options {
  readonly fast?: boolean
  readonly all?: boolean
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('test [pattern]')
    .description('run the tests on real servers of their own; a pattern chooses files')
    .option('--fast', 'leave out what takes long (*.slow.test.ts, *.e2e.test.ts)')
    .option('--all', 'also what takes very long (*.all.test.ts)')
    .option(...jsonOption)
    .addHelpText(
      'after',
      '\nWith a pattern the checks of the source (types, lint, format) are left out.',
    )
    .action(run)
}

async function run(pattern: string | undefined, options: Options): Promise<void> {
  if (options.fast === true && options.all === true) {
    throw new UsageError('--fast and --all exclude each other.')
  }
  const where = thisCheckout()
  await makePlaces(where)
  const failures: TapResult[] = []
  const onResult = (result: TapResult): void => {
    if (!result.ok && !result.left) failures.push(result)
    if (options.json !== true) report(result)
  }
  const extent = options.fast === true ? 'fast' : options.all === true ? 'all' : 'usual'
  const signal = interruption(stopping)
  const count = await runTests({ where, extent, pattern, say, signal, onResult })
  process.exitCode = codeOf(signal, count.failed)
  if (options.json === true) return printJson({ ...count, failures })
  // Once more, where whoever reads the end of a long log finds it.
  for (const { title, details } of failures) {
    print(paint('red', `failed: ${title}`))
    print(shortened(details))
  }
  print(`${count.passed} passed, ${count.failed} failed`)
}

const shownLines = 30

/** The first lines and the last: a message from a run ends with what went wrong. */
function shortened(details: string): string {
  const lines = details.split('\n')
  if (lines.length <= 2 * shownLines) return details
  return [...lines.slice(0, shownLines), '…', ...lines.slice(-shownLines)].join('\n')
}

function report({ ok, left, title, details }: TapResult): void {
  if (left) return print(`${paint('gray', '-')} ${title}`)
  print(`${ok ? paint('green', '✔') : paint('red', '✘')} ${title}`)
  if (!ok && details !== '') print(details)
}

/** The reason is the exit code. */
function stopping(code: number): number {
  say('Interrupted: stopping the tests and their servers.')
  return code
}

const codeOf = (signal: AbortSignal, failed: number): number => {
  if (signal.aborted) return signal.reason as number
  return failed > 0 ? exitCodes.failed : exitCodes.ok
}
