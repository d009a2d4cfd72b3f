import { readFileSync } from 'node:fs'
import {
  clusterDown,
  clusterProcesses,
  clusterUp,
  runningKubeconfig,
} from '../../cluster/checkout-cluster.ts'
import { clusterTools, deliveryTools, isBuilt, tools } from '../../go/binaries.ts'
import { thisCheckout } from './checkout.ts'
import { EnvironmentError, jsonOption, type Command } from './command.ts'
import { print, printJson, say, table } from './output.ts'

const simulated = 'Nodes are simulated: no container runs, pods are marked ready.'

export function register(program: Command): void {
  const cluster = program
    .command('cluster')
    .description('a throw-away Kubernetes API on this machine, with simulated nodes')
  const word = (name: string, what: string, action: (options: Options) => Promise<void>): Command =>
    cluster
      .command(name)
      .description(what)
      .option(...jsonOption)
      .action(action)
      .exitOverride()
      .showSuggestionAfterError()
  word('up', 'start it, or what is missing of it', up)
  word('down', 'stop it and throw its data away', down)
  word('status', 'what of it runs, and which programs are built', status)
  word('kubeconfig', 'path of its kubeconfig', kubeconfig)
    .option('--text', 'its text instead')
    .option('--export', 'a line for the shell: eval "$(./maru cluster kubeconfig --export)"')
}

interface Options {
  readonly json?: boolean
  readonly text?: boolean
  readonly export?: boolean
}

async function up({ json }: Options): Promise<void> {
  const began = performance.now()
  const { ports } = await clusterUp(thisCheckout(), say)
  const path = await runningKubeconfig(thisCheckout())
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1))
  if (json === true) return printJson({ ready: true, seconds, kubeconfig: path, ports, simulated })
  print(`The cluster is ready (${seconds} s): https://127.0.0.1:${ports.api}`)
  print(simulated)
  print(`kubeconfig: ${path}`)
  print('Next: ./maru pulumi up --stack dev')
}

async function down({ json }: Options): Promise<void> {
  const stopped = await clusterDown(thisCheckout(), say)
  if (json === true) return printJson({ stopped })
  print(stopped.length === 0 ? 'No cluster was running.' : `Stopped ${stopped.length} processes.`)
}

async function status({ json }: Options): Promise<void> {
  const where = thisCheckout()
  const running = await clusterProcesses(where)
  const built = [...clusterTools, ...deliveryTools].map((name) => ({
    name,
    version: tools[name].version,
    built: isBuilt(name, where.cache),
  }))
  if (json === true) return printJson({ running, programs: built, simulated })
  print(running.length === 0 ? 'No cluster runs: ./maru cluster up' : `Runs: ${running.join(', ')}`)
  print(simulated)
  print(table(built.map((one) => [one.name, one.version, one.built ? 'built' : 'not built yet'])))
}

async function kubeconfig(options: Options): Promise<void> {
  const path = await runningKubeconfig(thisCheckout())
  if (path === undefined)
    throw new EnvironmentError('No cluster runs in this checkout: ./maru cluster up starts one.')
  if (options.json === true) return printJson({ kubeconfig: path })
  if (options.export === true) return print(`export KUBECONFIG=${path}`)
  print(options.text === true ? readFileSync(path, 'utf8') : path)
}
