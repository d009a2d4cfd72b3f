import { existsSync, globSync } from 'node:fs'
import { basename } from 'node:path'
import { topology } from '../../../services/topology.ts'
import { thisCheckout } from './checkout.ts'
import { jsonOption, UsageError, type Command } from './command.ts'
import { followFiles, readFile } from './follow.ts'
import { byTime, readable } from './log-line.ts'
import { number } from './number.ts'
import { print } from './output.ts'
import { withoutProduct } from './services.ts'

interface Options {
  readonly follow?: boolean
  readonly trace?: string
  readonly lines: number
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('logs [name]')
    .description('show the log of a service, an instance (rank-1) or an engine')
    .option('-f, --follow', 'go on as lines come')
    .option('--trace <id>', 'only lines of this trace; without a name those of everything')
    .option('-n, --lines <count>', 'how many lines of the past', number, 200)
    .option(...jsonOption)
    .action(run)
}

async function run(name: string | undefined, options: Options): Promise<void> {
  const { trace, lines, follow, json } = options
  const files = filesFor(name, trace)
  const wanted = (line: string): boolean => trace === undefined || line.includes(trace)
  const show = (line: string): void => {
    if (wanted(line)) print(json === true ? line : readable(line))
  }
  const past = byTime(files.map((file) => readFile(file).filter(wanted)))
  past.slice(Math.max(0, past.length - lines)).forEach(show)
  if (follow === true) await followFiles(files, show)
}

function filesFor(name: string | undefined, trace: string | undefined): readonly string[] {
  if (name !== undefined) return logFilesOf(withoutProduct(topology, name))
  if (trace === undefined) {
    throw new UsageError('Whose log? ./maru logs <name>, or ./maru logs --trace <id> for all.')
  }
  return allLogs()
}

/** Log files of `rank` (all instances), `rank-1` or `kafka`. @throws UsageError that names what there is */
function logFilesOf(name: string): readonly string[] {
  const { logs } = thisCheckout()
  const exact = `${logs}/${name}.log`
  const files = existsSync(exact) ? [exact] : globSync(`${logs}/${name}-[0-9].log`).sort()
  if (files.length > 0) return files
  const there = allLogs().map((file) => basename(file, '.log'))
  throw new UsageError(
    `There is no log of "${name}". ` +
      (there.length === 0 ? 'Nothing ran yet.' : `Logs are: ${there.join(', ')}.`),
  )
}

const allLogs = (): readonly string[] => globSync(`${thisCheckout().logs}/*.log`).sort()
