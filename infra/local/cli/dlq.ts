import { readFileSync } from 'node:fs'
import { operator } from '../../../services/platform/clients.ts'
import { jsonOption, UsageError, type Command } from './command.ts'
import { supervisorHere } from './checkout.ts'
import { clientOf, environment } from './environment.ts'
import { here } from './here.ts'
import { number } from './number.ts'
import { edited } from './letter-editing.ts'
import { deskAt, type Desk } from '../dead-letter-desk.ts'
import { openGateway } from '../front-door.ts'
import { causeLines, letterLines, verdictLine } from './letter-lines.ts'
import { print, printJson, table } from './output.ts'
import { asUsage } from './services.ts'

interface Choice {
  readonly topic?: string
  readonly cause?: string
  readonly state?: string
  readonly json?: boolean
}

export function register(program: Command): void {
  const dlq = program
    .command('dlq')
    .description('look at dead letters, send them back or drop them')
  const word = (line: string, what: string): Command =>
    dlq
      .command(line)
      .description(what)
      .option(...jsonOption)
      .exitOverride()
      .showSuggestionAfterError()
  narrowed(word('ls', 'list letters, oldest first'))
    .option('--state <state>', 'PENDING, APPROVED, REJECTED or REPROCESSED')
    .option('--limit <number>', 'at most so many', '50')
    .option('--by <cause>', 'group open letters by their cause')
    .action(list)
  word('show <id>', 'one letter with its bytes, headers and history').action(show)
  narrowed(word('replay [id...]', 'approve letters and send them back to their topics'))
    .option('--all', 'all open letters that fit')
    .option('--dry-run', 'say what would happen')
    .option('--rate <number>', 'letters a second', '50')
    .action(replay)
  word('edit <id>', 'set the value that is sent back, by --file or $EDITOR, and send it')
    .option('--file <path>', 'JSON')
    .action(edit)
  word('drop <id...>', 'reject letters: they are not sent back').action(drop)
}

const narrowed = (command: Command): Command =>
  command
    .option('--topic <topic>', 'original topic')
    .option('--cause <class>', 'error class, as `dlq ls --by cause` shows it')

/** The dead letters of this checkout's platform, as its operator. @throws EnvironmentError when it does not run */
async function openDesk(): Promise<Desk> {
  supervisorHere()
  const env = await environment(here(), new Map())
  return deskAt(await openGateway(env.gateway, clientOf(env, operator.id)))
}

async function list(options: Choice & { limit: string; by?: string }): Promise<void> {
  const desk = await openDesk()
  if (options.by !== undefined) {
    if (options.by !== 'cause') throw new UsageError(`--by knows cause, not "${options.by}".`)
    const groups = await desk.causes(options.topic)
    return options.json === true ? printJson(groups) : print(table(causeLines(groups)))
  }
  const limit = number(options.limit)
  const letters = await desk.letters(options, limit)
  if (options.json === true) return printJson(letters)
  print(letters.length === 0 ? 'No dead letter fits.' : table(letterLines(letters)))
}

/** As text, and not once more as base64. */
const shownBelow = ['value', 'editedValue', 'event']

async function show(id: string, options: Choice): Promise<void> {
  const desk = await openDesk()
  const [letter, history] = [await desk.letter(id), await desk.history(id)]
  if (options.json === true) return printJson({ ...letter, history })
  const value = letter.editedValue ?? letter.value
  const { headers, ...facts } = letter
  for (const [name, fact] of Object.entries(facts))
    if (!shownBelow.includes(name)) print(`${name.padEnd(18)} ${JSON.stringify(fact)}`)
  for (const [name, texts] of Object.entries(headers))
    print(
      `  ${name}: ${texts.map((text) => text && Buffer.from(text, 'base64').toString()).join(', ')}`,
    )
  print(value === null ? '(no value)' : Buffer.from(value, 'base64').toString())
  for (const { at, action, subject } of history) print(`${at} ${action} by ${subject}`)
}

async function replay(
  ids: readonly string[],
  options: Choice & { all?: boolean; dryRun?: boolean; rate: string },
): Promise<void> {
  if ((ids.length === 0) !== (options.all === true))
    throw new UsageError('./maru dlq replay wants ids, or --all.')
  const desk = await openDesk()
  const dryRun = options.dryRun === true
  if (options.all === true) {
    const rate = number(options.rate)
    const result = dryRun ? await desk.verdicts(options) : await desk.replayAll(options, rate)
    if (options.json === true) return printJson(result)
    if ('verdicts' in result) return result.verdicts.map(verdictLine).forEach((line) => print(line))
    return print(`${result.successful} sent back, ${result.failed} not.`)
  }
  for (const id of ids) {
    if (dryRun) print(verdictLine(await desk.verdict(id)))
    else print((await desk.replay(id)).message)
  }
}

async function edit(id: string, options: { file?: string }): Promise<void> {
  const desk = await openDesk()
  const letter = await desk.letter(id)
  const text =
    options.file === undefined
      ? await edited(Buffer.from(letter.editedValue ?? letter.value ?? '', 'base64').toString())
      : readFileSync(options.file, 'utf8')
  const value = asUsage(() => JSON.parse(text) as unknown)
  print((await desk.edit(letter.id, value)).message)
  print((await desk.replay(letter.id)).message)
}

async function drop(ids: readonly string[]): Promise<void> {
  const desk = await openDesk()
  for (const id of ids) print((await desk.reject(id)).message)
}
