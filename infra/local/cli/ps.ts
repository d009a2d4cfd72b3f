import { rssOf } from '../supervisor/process-table.ts'
import type { ProcessStatus } from '../supervisor/spec.ts'
import { processesHere } from './checkout.ts'
import { jsonOption, type Command } from './command.ts'
import { ago, paint, print, printJson, table } from './output.ts'

export function register(program: Command): void {
  program
    .command('ps')
    .description('show what runs: state, restarts, memory, ports')
    .option(...jsonOption)
    .action(run)
}

async function run(options: { json?: boolean }): Promise<void> {
  const rows = (await processesHere()).map(withMemory)
  if (options.json === true) return printJson(rows)
  if (rows.length === 0) return print('Nothing runs in this checkout: start it with ./maru up.')
  const head = ['NAME', 'STATE', 'PID', 'SINCE', 'RESTARTS', 'MEMORY', 'PORTS']
  const sorted = [...rows].sort((a, b) => b.tier - a.tier || a.name.localeCompare(b.name))
  print(table([head, ...sorted.map(row)]))
  const total = rows.reduce((sum, { rssBytes }) => sum + rssBytes, 0)
  print(`\n${rows.length} processes, ${megabytes(total)}`)
}

/** What a process holds, its own children included where it has some (Postgres). */
export const withMemory = (one: ProcessStatus) => ({
  ...one,
  since: new Date(one.since).toISOString(),
  rssBytes: one.pid === undefined ? 0 : rssOf(one.pid),
})

function row(one: ReturnType<typeof withMemory>): string[] {
  const colour = one.phase === 'running' ? 'green' : 'red'
  const state = one.phase === 'waiting' ? `waiting (${one.lastEnd})` : one.phase
  return [
    one.name,
    paint(colour, state),
    String(one.pid ?? '-'),
    ago(Date.now() - Date.parse(one.since)),
    String(one.restarts),
    megabytes(one.rssBytes),
    Object.values(one.ports).join(' '),
  ]
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`
