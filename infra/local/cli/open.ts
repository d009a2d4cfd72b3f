import { z } from 'zod'
import { operator } from '../../../services/platform/clients.ts'
import { topology } from '../../../services/topology.ts'
import { nearest } from '../../parse-settings.ts'
import { forward, type Forward } from '../../pulumi/forward.ts'
import { loginsOf, type Logins } from '../../pulumi/logins.ts'
import {
  doorsOf,
  forwardWords,
  stackCluster,
  type Door,
  type StackCluster,
} from '../../pulumi/open.ts'
import { stackNames } from '../../stacks.ts'
import { openGateway } from '../front-door.ts'
import { freePort } from '../ports.ts'
import { thisCheckout } from './checkout.ts'
import { EnvironmentError, jsonOption, UsageError, type Command } from './command.ts'
import { print, printJson, say, table } from './output.ts'

interface Options {
  readonly stack: string
  readonly kubeconfig?: string
  readonly start?: boolean
  readonly json?: boolean
}

const simulatedSentence =
  'This is the throw-away cluster: its nodes are simulated and no container runs, so that nothing answers behind these ports.'

export function register(program: Command): void {
  program
    .command('open')
    .description('reach a stack in a cluster: port-forwards, logins and one trace')
    .requiredOption('--stack <name>', 'for example dev')
    .option('--kubeconfig <path>', 'the cluster, if the stack’s configuration does not say')
    .option('--start', 'start the port-forwards and send one request, until Ctrl-C')
    .option(...jsonOption)
    .action(run)
}

async function run({ stack, kubeconfig, start, json }: Options): Promise<void> {
  const where = thisCheckout()
  const known = stackNames(where.root)
  if (!known.includes(stack))
    throw new UsageError(`There is no Pulumi.${stack}.yaml; ${nearest(stack, known)}`)
  const cluster = await stackCluster(where, stack, kubeconfig)
  if (start === true && cluster.simulated) throw new EnvironmentError(simulatedSentence)
  const logins = await loginsOf(cluster, stack, { topology, client: operator.id })
  const doors = doorsOf(stack, topology)
  if (start === true) return started(cluster, doors, logins, json === true)
  const commands = doors.map((door) => ({
    name: door.name,
    url: `${door.scheme}://127.0.0.1:${door.localPort}`,
    command: [cluster.kubectl, ...forwardWords(cluster, door, door.localPort)].join(' '),
  }))
  if (json === true) return printJson({ simulated: cluster.simulated, doors: commands, logins })
  for (const { name, url, command } of commands) print(`# ${name}: ${url}\n${command}`)
  printLogins(logins)
  if (cluster.simulated) print(`\n${simulatedSentence}`)
}

function printLogins({ client, grafana, argocd }: Logins): void {
  const person = (login: Logins['grafana']): readonly string[] =>
    login ? [login.user, login.password] : ['not there']
  print()
  print(
    table([
      ['client', ...(client ? [client.id, client.secret] : ['not there'])],
      ['grafana', ...person(grafana)],
      ['argocd', ...person(argocd)],
    ]),
  )
}

/** A door that cannot be forwarded (Argo CD where there is none) is said; the gateway must be. */
async function started(
  cluster: StackCluster,
  doors: readonly Door[],
  logins: Logins,
  json: boolean,
): Promise<void> {
  const open: Forward[] = []
  const urls: Record<string, string> = {}
  for (const door of doors) {
    try {
      const one = await forward(cluster, door, await freePort(door.localPort))
      open.push(one)
      urls[door.name] = one.url
    } catch (error) {
      if (door.name === 'gateway') throw error
      say((error as Error).message)
    }
  }
  const traceId = await traced(urls['gateway'] ?? '', logins)
  if (json) printJson({ urls, logins, traceId })
  else {
    print(table(Object.entries(urls)))
    printLogins(logins)
    print(`\nOne request was answered. Its trace, in Grafana → Explore → Tempo: ${traceId}`)
  }
  say('Until Ctrl-C.')
  const end = await Promise.race(open.map(({ ended }) => ended))
  await Promise.all(open.map((one) => one.stop()))
  throw new Error(`A port-forward ended: ${end}`)
}

/** Sends one search as the client. @returns its trace id */
async function traced(gateway: string, { client }: Logins): Promise<string> {
  if (!client) throw new Error(`The stack has no client ${operator.id}: has it come up?`)
  const door = await openGateway(gateway, client)
  const { traceId } = await door.send('GET /search?q=maru', { schema: z.unknown() })
  return traceId
}
