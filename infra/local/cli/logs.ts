import { existsSync, globSync } from 'node:fs'
import { basename } from 'node:path'
import { thisCheckout } from './checkout.ts'
import { jsonOption, UsageError, type Command } from './command.ts'
import { followFiles, readFile } from './follow.ts'
import { readable } from './log-line.ts'
import { print } from './output.ts'

interface Options {
  readonly follow?: boolean
  readonly trace?: string
  readonly lines: string
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('logs <name>')
    .description('show the log of a service, an instance (rank-1) or an engine')
    .option('-f, --follow', 'go on as lines come')
    .option('--trace <id>', 'only lines of this trace')
    .option('-n, --lines <count>', 'how many lines of the past', '200')
    .option(...jsonOption)
    .action(run)
}

async function run(name: string, options: Options): Promise<void> {
  const files = logFilesOf(name)
  const { trace } = options
  const wanted = (line: string): boolean => trace === undefined || line.includes(trace)
  const show = (line: string): void => {
    if (wanted(line)) print(options.json === true ? line : readable(line))
  }
  for (const file of files) {
    const lines = readFile(file).filter(wanted)
    lines.slice(-Number(options.lines)).forEach(show)
  }
  if (options.follow === true) await followFiles(files, show)
}

/** Log files of `rank` (all instances), `rank-1` or `kafka`. @throws UsageError that names what there is */
export function logFilesOf(name: string): readonly string[] {
  const { logs } = thisCheckout()
  const exact = `${logs}/${name}.log`
  const files = existsSync(exact) ? [exact] : globSync(`${logs}/${name}-[0-9].log`).sort()
  if (files.length > 0) return files
  const there = globSync(`${logs}/*.log`).map((file) => basename(file, '.log'))
  throw new UsageError(
    `There is no log of "${name}". ` +
      (there.length === 0 ? 'Nothing ran yet.' : `Logs are: ${there.sort().join(', ')}.`),
  )
}
