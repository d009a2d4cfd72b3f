import { ruleFilesOf } from '../../../alerts/rules.ts'
import { metricPanels } from '../../../dashboards/board.ts'
import { boardsOf } from '../../../dashboards/boards.ts'
import { operator } from '../../../services/platform/clients.ts'
import { serviceNamed, type Topology } from '../../../services/model/topology.ts'
import { topology } from '../../../services/topology.ts'
import type { Platform } from '../../verify/check.ts'
import { checksOf, verify, type Result } from '../../verify/verify.ts'
import { openGateway, type Gateway } from '../front-door.ts'
import { traceStore } from '../trace/choose.ts'
import { supervisorHere } from './checkout.ts'
import { exitCodes, jsonOption, oneNamed, type Command } from './command.ts'
import { clientOf, environment } from './environment.ts'
import { here } from './here.ts'
import { paint, print, printJson, say } from './output.ts'
import { runServiceTask } from './service-task.ts'

const checks = checksOf(topology)

export function register(program: Command): void {
  program
    .command('verify [check...]')
    .description(
      'check that what runs does what the topology says: edges, books, money, boards, rules',
    )
    .option(...jsonOption)
    .addHelpText('after', `\nChecks: ${checks.map(({ name }) => `"${name}"`).join(', ')}.`)
    .action(run)
}

async function run(names: readonly string[], { json }: { json?: boolean }): Promise<void> {
  const wanted = names.length === 0 ? checks : names.map((name) => oneNamed('check', checks, name))
  const tell = json === true ? say : print
  const results = await verify(
    await platformHere(),
    (result) => lines(result).forEach(tell),
    wanted,
  )
  const broken = results.filter(({ holds }) => !holds)
  if (broken.length > 0) process.exitCode = exitCodes.failed
  if (json === true) return printJson({ ok: broken.length === 0, results })
  print(
    broken.length === 0
      ? paint('green', `\nAll of it holds: ${results.length} checks.`)
      : paint('red', `\n${broken.length} of ${results.length} checks do not hold.`),
  )
}

/** What runs in this checkout. @throws EnvironmentError when nothing does */
export async function platformHere(): Promise<Platform> {
  supervisorHere()
  const checkout = here()
  const env = await environment(checkout, new Map())
  const gatewayAs = async (id: string): Promise<Gateway> =>
    openGateway(env.gateway, clientOf(env, id))
  return {
    topology: checkout.topology,
    gateway: await gatewayAs(operator.id),
    gatewayAs,
    traces: traceStore(env.traces),
    prometheus: env.prometheus.url,
    kafka: env.kafka.bootstrap,
    redis: env.redis.url,
    postgres: env.postgres,
    mariadb: env.mariadb,
    opensearch: env.opensearch.url,
    where: checkout.where,
    boardQueries: boardQueriesOf(checkout.topology),
    ruleQueries: ruleFilesOf(checkout.topology).flatMap(({ rules }) =>
      rules.map(({ expr }) => expr),
    ),
    task: (service, word) =>
      runServiceTask(serviceNamed(checkout.topology, service), word, checkout, () => undefined),
  }
}

const boardQueriesOf = (topology: Topology): Platform['boardQueries'] =>
  boardsOf(topology).flatMap((board) =>
    metricPanels(board).flatMap(({ title, lines }) =>
      lines.map(({ query }) => ({ where: `${board.title} › ${title}`, query })),
    ),
  )

function lines({ check, says, holds, seen, unit, seconds, broken }: Result): readonly string[] {
  const mark = holds ? paint('green', '✓') : paint('red', '✗')
  const time = paint('gray', `${seconds.toFixed(1)} s`)
  const nothing = seen === 0 && broken.length === 0 ? ['nothing was there to look at'] : []
  return [
    `${mark} ${check}: ${says} (${seen} ${unit})  ${time}`,
    ...[...broken, ...nothing].map((line) => `    ${line}`),
  ]
}
