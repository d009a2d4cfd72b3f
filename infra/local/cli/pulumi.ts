import { runPulumi } from '../../pulumi/run.ts'
import { thisCheckout } from './checkout.ts'
import type { Command } from './command.ts'
import { say } from './output.ts'

export function register(program: Command): void {
  program
    .enablePositionalOptions()
    .command('pulumi')
    .description('the Pulumi CLI with everything set: on the throw-away cluster, or on your own')
    .argument('[words...]', 'as for pulumi; the stack is dev unless --stack names another')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(run)
}

async function run(words: readonly string[]): Promise<void> {
  // The terminal's Ctrl-C reaches Pulumi itself, which ends what it has begun.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal)
    process.on(signal, () => undefined)
  }
  process.exitCode = await runPulumi(thisCheckout(), words, say)
}
