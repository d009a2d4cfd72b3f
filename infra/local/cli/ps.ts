import { rssOf } from '../supervisor/process-table.ts'
import { orphansIn } from '../supervisor/orphans.ts'
import type { ProcessStatus } from '../supervisor/spec.ts'
import { tiers } from '../up/engine-jobs.ts'
import { notReady } from '../up/service-jobs.ts'
import { processesHere, thisCheckout } from './checkout.ts'
import { EnvironmentError, jsonOption, type Command } from './command.ts'
import { ago, paint, print, printJson, table } from './output.ts'

export function register(program: Command): void {
  program
    .command('ps')
    .description('show what runs: state, restarts, memory, ports')
    .option(...jsonOption)
    .action(run)
}

async function run(options: { json?: boolean }): Promise<void> {
  const rows = await Promise.all((await processesHere()).map(examined))
  refuseOrphans(rows.length)
  if (options.json === true) return printJson(rows)
  if (rows.length === 0) return print('Nothing runs in this checkout: start it with ./maru up.')
  const head = ['NAME', 'STATE', 'PID', 'SINCE', 'RESTARTS', 'MEMORY', 'PORTS']
  const sorted = [...rows].sort((a, b) => b.tier - a.tier || a.name.localeCompare(b.name))
  print(table([head, ...sorted.map(row)]))
  const total = rows.reduce((sum, { rssBytes }) => sum + rssBytes, 0)
  print(`\n${rows.length} processes, ${megabytes(total)}`)
}

/** @throws EnvironmentError when the supervisor is gone and its children are not */
function refuseOrphans(supervised: number): void {
  const orphans = supervised > 0 ? [] : orphansIn(thisCheckout().state)
  if (orphans.length === 0) return
  const names = orphans.map(({ name }) => name).join(', ')
  throw new EnvironmentError(
    `The supervisor was killed, but ${orphans.length} of its processes still run (${names}): ` +
      './maru up or ./maru down puts that right.',
  )
}

/** What a process holds, its own children included where it has some (Postgres), and what a service lacks. */
const examined = async (one: ProcessStatus) => ({
  ...one,
  since: new Date(one.since).toISOString(),
  rssBytes: one.pid === undefined ? 0 : rssOf(one.pid),
  notReady: await problemOf(one),
})

/** Null also for an engine: only services say themselves whether they are ready. */
async function problemOf({ phase, tier, ports }: ProcessStatus): Promise<string | null> {
  if (phase !== 'running' || tier !== tiers.service || ports['admin'] === undefined) return null
  return (await notReady(`http://127.0.0.1:${ports['admin']}/readyz`)) ?? null
}

function row(one: Awaited<ReturnType<typeof examined>>): string[] {
  const colour = one.phase === 'running' && one.notReady === null ? 'green' : 'red'
  return [
    one.name,
    paint(colour, stateOf(one)),
    String(one.pid ?? '-'),
    ago(Date.now() - Date.parse(one.since)),
    String(one.restarts),
    megabytes(one.rssBytes),
    Object.values(one.ports).join(' '),
  ]
}

function stateOf({ phase, lastEnd, notReady: problem }: Awaited<ReturnType<typeof examined>>) {
  if (phase === 'waiting') return `waiting (${lastEnd})`
  return problem === null ? phase : `not ready (${problem})`
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`
