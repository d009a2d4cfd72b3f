import { examine, type Finding } from '../doctor.ts'
import { processesHere } from './checkout.ts'
import { here } from './here.ts'
import { exitCodes, jsonOption, type Command } from './command.ts'
import { paint, print, printJson, table } from './output.ts'

export function register(program: Command): void {
  program
    .command('doctor')
    .description('say what this machine has, where each server comes from and what is missing')
    .option(...jsonOption)
    .action(run)
}

async function run(options: { json?: boolean }): Promise<void> {
  const running = new Set((await processesHere()).map(({ name }) => name))
  const findings = await examine(here(), running)
  if (findings.some(({ state }) => state === 'missing')) process.exitCode = exitCodes.environment
  if (options.json === true) return printJson(findings)
  print(table(findings.map(({ subject, state, text }) => [mark(state), subject, text])))
}

const mark = (state: Finding['state']): string =>
  ({
    ok: paint('green', 'ok'),
    optional: paint('yellow', '--'),
    missing: paint('red', 'missing'),
  })[state]
