import { stripVTControlCharacters } from 'node:util'
import { changesBetween, type Change } from '../../gitops/diff.ts'
import { environmentNamed, environments } from '../../gitops/environments.ts'
import { grades, type Grade } from '../../gitops/grades.ts'
import { atRevision, inWorkingTree } from '../../gitops/snapshots.ts'
import { nearest } from '../../parse-settings.ts'
import { thisCheckout } from './checkout.ts'
import { exitCodes, jsonOption, UsageError, type Command } from './command.ts'
import { paint, print, printJson, say, table } from './output.ts'
import { asUsage } from './services.ts'

interface Options {
  readonly env?: string
  readonly base: string
  readonly failOn?: Grade
  readonly markdown?: boolean
  readonly json?: boolean
}

/** A change of one environment. */
type Line = Change & { readonly env: string }

export function register(program: Command): void {
  program
    .command('diff')
    .description('say what the rendered files do to the cluster, compared with a revision')
    .option('--env <name>', 'this environment only, for example prod')
    .option('--base <revision>', 'what to compare the working tree with', 'HEAD')
    .option('--fail-on <grade>', `fail at this grade or a graver one: ${grades.join(', ')}`, grade)
    .option('--markdown', 'a Markdown table, for a pull request')
    .option(...jsonOption)
    .addHelpText('after', '\nIt reads gitops/ as it is: ./maru render writes it from the code.')
    .action(run)
}

async function run({ env, base, failOn, markdown, json }: Options): Promise<void> {
  const { root } = thisCheckout()
  const envs = env === undefined ? environments(root) : [asUsage(() => environmentNamed(root, env))]
  const lines: Line[] = []
  for (const one of envs) {
    const before = await atRevision(root, one, base).catch((error: Error) => {
      throw new UsageError(error.message)
    })
    lines.push(
      ...changesBetween(before, inWorkingTree(root, one)).map((change) => ({
        ...change,
        env: one,
      })),
    )
  }
  if (json === true) printJson(lines)
  else if (lines.length === 0) print(`Nothing changes in ${envs.join(', ')} since ${base}.`)
  else print(markdown === true ? markdownTable(lines) : table(lines.map(rowOf)))
  if (failOn === undefined) return
  const grave = lines.filter((line) => grades.indexOf(line.grade) <= grades.indexOf(failOn))
  if (grave.length === 0) return
  say(`${grave.length} of ${lines.length} are "${failOn}" or graver.`)
  process.exitCode = exitCodes.failed
}

/** @throws UsageError that names the near one */
function grade(word: string): Grade {
  const found = grades.find((one) => one === word.replaceAll('-', ' '))
  if (found) return found
  throw new UsageError(`There is no grade "${word}"; ${nearest(word, grades)}`)
}

const colours = { 'data loss': 'red', exposure: 'red', gone: 'yellow', restart: 'yellow' } as const

const painted = (one: Grade): string =>
  one in colours ? paint(colours[one as keyof typeof colours], one) : one

const rowOf = ({ env, grade: one, object, field, before, after, why }: Line): readonly string[] => [
  painted(one),
  env,
  object,
  field === '' ? '' : `${field}: ${short(before)} → ${short(after)}`,
  paint('gray', why),
]

const markdownTable = (lines: readonly Line[]): string =>
  [
    '| grade | environment | object | change | why |',
    '|---|---|---|---|---|',
    ...lines.map((line) => `| ${rowOf(line).map(cell).join(' | ')} |`),
  ].join('\n')

const cell = (text: string): string => stripVTControlCharacters(text).replaceAll('|', '\\|')

const shownCharacters = 48

/** One line of a value; the whole is in --json. */
function short(value: unknown): string {
  if (value === undefined) return '(none)'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length <= shownCharacters ? line : `${line.slice(0, shownCharacters - 1)}…`
}
