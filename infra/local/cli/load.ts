import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bearer } from '../../../bench/bearer.ts'
import { loads } from '../../../bench/load/loads.ts'
import { mockAt } from '../../../bench/payments/mock.ts'
import { load as loadClient } from '../../../services/payments/clients.ts'
import pgMock, { behavioursIn } from '../../../services/payments/pg-mock/service.ts'
import { operator } from '../../../services/platform/clients.ts'
import { obtainBinaries, tools } from '../../go/binaries.ts'
import { runK6 } from '../load/k6.ts'
import { comparison, reportOf, type Report } from '../load/report.ts'
import { runsIn } from '../load/runs.ts'
import { supervisorHere, thisCheckout } from './checkout.ts'
import { exitCodes, jsonOption, oneNamed, UsageError, type Command } from './command.ts'
import { clientOf, environmentHere, instanceOf, type Environment } from './environment.ts'
import { interruption } from './interruption.ts'
import { number } from './number.ts'
import { paint, print, printJson, say, table } from './output.ts'

interface Options {
  readonly list?: boolean
  readonly short?: boolean
  readonly rate?: number
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('load [script]')
    .description('put a load of k6 on the running platform, and compare it with the last one')
    .option('--list', 'list the loads')
    .option('--short', 'half a minute at most, and at a low rate')
    .option('--rate <n>', 'iterations a second at the height of the load', number)
    .option(...jsonOption)
    .addHelpText('after', `\nLoads:\n${loads.map(lineOf).join('\n')}`)
    .action(run)
}

const lineOf = ({ name, says }: (typeof loads)[number]): string => `  ${name.padEnd(18)} ${says}`

async function run(name: string | undefined, options: Options): Promise<void> {
  const { list = false, short = false, rate, json = false } = options
  if (list || name === undefined)
    return json ? printJson(loads) : loads.forEach((one) => print(lineOf(one)))
  const { name: load } = oneNamed('load', loads, name)
  if (rate !== undefined && !(Number.isInteger(rate) && rate > 0))
    throw new UsageError(`--rate must be a whole number from 1 on, and is ${rate}.`)
  supervisorHere()
  const words = [short && '--short', rate !== undefined && `--rate ${rate}`]
  const shape = words.filter((word) => word !== false).join(' ')
  const signal = interruption((code) => code)
  try {
    const { report, folder, last } = await measured({ load, shape, short, rate }, signal)
    if (!report.ok) process.exitCode = exitCodes.failed
    if (json) return printJson({ ...report, folder, last: last ?? null })
    tell({ report, folder, last })
  } catch (error) {
    if (!signal.aborted) throw error
    process.exitCode = signal.reason as number
  }
}

interface Wish {
  readonly load: string
  readonly shape: string
  readonly short: boolean
  readonly rate: number | undefined
}

interface Found {
  readonly report: Report
  /** Of the run. */
  readonly folder: string
  readonly last: Report | undefined
}

async function measured({ load, shape, short, rate }: Wish, signal: AbortSignal): Promise<Found> {
  const where = thisCheckout()
  const { k6 } = await obtainBinaries(['k6'], { cache: where.cache, say })
  const env = await environmentHere()
  const token = await bearer(env.gateway, clientOf(env, loadClient.id))
  const runs = runsIn(where.state)
  const of = { load, shape, date: new Date().toISOString() }
  const last = runs.last(of)
  const { folder, summary, keep } = await runs.open(of)
  say(`${load} ${shape}`.trim())
  const told = await underLoad(env, () =>
    runK6({
      program: join(k6, tools.k6.binary),
      script: fileURLToPath(new URL(`../../../bench/load/${load}.ts`, import.meta.url)),
      env: {
        BASE_URL: `${env.gateway}/api`,
        TOKEN: token.authorization.replace('Bearer ', ''),
        SHORT: String(short),
        ...(rate !== undefined && { RATE: String(rate) }),
        SUMMARY: summary,
      },
      signal,
    }),
  )
  const report = reportOf(told, of)
  await keep(report)
  return { report, folder, last }
}

/** The mock gateway, and it alone, behaves as under load meanwhile. */
async function underLoad<Value>(env: Environment, work: () => Promise<Value>): Promise<Value> {
  const token = await bearer(env.gateway, clientOf(env, operator.id))
  const mock = mockAt(instanceOf(env, pgMock.name).url, token)
  const before = await mock.behaviours()
  await mock.behave(behavioursIn('load'))
  try {
    return await work()
  } finally {
    await mock.behave(before)
  }
}

function tell({ report, folder, last }: Found): void {
  print(table(comparison(report, last)))
  print()
  for (const problem of report.problems) print(paint('red', `✗ ${problem}`))
  if (report.ok) print(paint('green', 'Every threshold holds, and nothing was dropped.'))
  print(`All that k6 counted: ${folder}`)
}
