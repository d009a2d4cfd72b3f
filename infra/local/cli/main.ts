import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { thisCheckout } from './checkout.ts'
import { exitCodes, innerWords, words, type CommandModule } from './command.ts'

enableCompileCache(join(thisCheckout().cache, 'node-compile-cache'))

/** The command line: `./maru <word>`. Only the module of the asked word is loaded. */
async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('maru')
    .description('One platform for event-driven products, on this machine.')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) })
  const asked = argv.find((word) => !word.startsWith('-'))
  const all: readonly string[] = [...words, ...innerWords]
  const load = asked !== undefined && all.includes(asked) ? [asked] : words
  for (const word of load) await addWord(program, word)
  if (argv.length === 0) return (await import('./status.ts')).status(program)
  await program.parseAsync(argv, { from: 'user' })
}

async function addWord(program: Command, word: string): Promise<void> {
  const { register } = (await import(`./${word}.ts`)) as CommandModule
  register(program)
  for (const command of program.commands) command.exitOverride().showSuggestionAfterError()
}

function fail(error: unknown): void {
  // commander has said its own sentence already; help and version are no failures.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    return
  }
  const { message, code } =
    error instanceof Error
      ? (error as Error & { code?: string })
      : { message: String(error), code: undefined }
  process.stderr.write(`${message}\n`)
  if (process.env['MARU_DEBUG'] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack}\n`)
  process.exitCode = exitCodeOf(code)
}

function exitCodeOf(code: string | undefined): number {
  if (code === 'USAGE') return exitCodes.usage
  return code === 'ENVIRONMENT' ? exitCodes.environment : exitCodes.failed
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code))
}
// `./maru logs | head` closes our output: that is no error.
process.stdout.on('error', () => process.exit(exitCodes.ok))
await main(process.argv.slice(2)).catch(fail)
