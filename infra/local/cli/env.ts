import type { Command } from './command.ts'
import { jsonOption } from './command.ts'
import { here } from './here.ts'
import { environmentHere, type Environment } from './environment.ts'
import { EnvironmentError } from './command.ts'
import { print, printJson } from './output.ts'

export function register(program: Command): void {
  program
    .command('env')
    .description('print addresses and credentials, as shell exports or JSON')
    .option(...jsonOption)
    .action(run)
}

async function run(options: { json?: boolean }): Promise<void> {
  if (Object.keys(here().installation.ports).length === 0) {
    throw new EnvironmentError('This checkout has no addresses yet: start it with ./maru up.')
  }
  const values = await environmentHere()
  if (options.json === true) return printJson(values)
  for (const [name, value] of exportsOf(values)) print(`export ${name}='${value}'`)
}

function exportsOf(values: Environment): readonly (readonly [string, string])[] {
  const [client] = values.clients
  return [
    ['GATEWAY_URL', values.gateway],
    ...Object.entries(values.services).flatMap(([name, { instances }]) =>
      instances.slice(0, 1).map(({ url }) => [`${variable(name)}_URL`, url] as const),
    ),
    ['KAFKA_BOOTSTRAP', values.kafka.bootstrap],
    ['REDIS_URL', values.redis.url],
    ...databases('POSTGRES', values.postgres),
    ...databases('MARIADB', values.mariadb),
    ['OPENSEARCH_URL', values.opensearch.url],
    ['PROMETHEUS_URL', values.prometheus.url],
    ['ALERTMANAGER_URL', values.alertmanager.url],
    ['TRACES_URL', values.traces.query],
    ...(client === undefined
      ? []
      : ([
          ['CLIENT_ID', client.id],
          ['CLIENT_SECRET', client.secret],
        ] as const)),
  ]
}

const databases = (engine: string, urls: Readonly<Record<string, string>>) =>
  Object.entries(urls).map(([name, url]) => [`${engine}_${variable(name)}_URL`, url] as const)

const variable = (name: string): string => name.toUpperCase().replaceAll('-', '_')
