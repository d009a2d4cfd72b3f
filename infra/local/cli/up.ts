import { topology } from '../../../services/topology.ts'
import { withNeeds } from '../../../services/model/topology.ts'
import { urlOf } from '../addresses.ts'
import { credentialsOf } from '../credentials.ts'
import { instanceName } from '../needs.ts'
import { up, type UpResult } from '../up/up.ts'
import { thisCheckout } from './checkout.ts'
import { jsonOption, type Command } from './command.ts'
import { environment, tracePage } from './environment.ts'
import { paint, print, printJson, table } from './output.ts'
import { show } from './progress.ts'
import { replicasFrom, servicesNamed } from './services.ts'

interface Options {
  readonly only?: readonly string[]
  readonly replicas?: readonly string[]
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('up')
    .description('start the platform, or what is missing of it, and return when it is ready')
    .option('--only <service...>', 'these services with what they need, and nothing else')
    .option('--replicas <service=count...>', 'run a service several times')
    .option(...jsonOption)
    .action(run)
}

async function run(options: Options): Promise<void> {
  const began = performance.now()
  const chosen = servicesNamed(topology, options.only ?? [])
  const wish = {
    topology,
    where: thisCheckout(),
    services: options.only === undefined ? topology.services : withNeeds(topology, chosen),
    observed: options.only === undefined,
    replicas: replicasFrom(topology, options.replicas ?? []),
  }
  onInterrupt()
  const result = await up(wish, show)
  const seconds = (performance.now() - began) / 1000
  if (options.json === true) return printJson(await asData(result, seconds))
  await printSummary(result, seconds)
}

// What already runs has a parent of its own, and every step can be repeated: there is nothing to undo.
function onInterrupt(): void {
  process.removeAllListeners('SIGINT')
  process.once('SIGINT', () => {
    show.say('Interrupted. What was started goes on: ./maru up continues, ./maru down ends it.')
    process.exit(130)
  })
}

const asData = async ({ here, running, first }: UpResult, seconds: number) => ({
  ready: true,
  seconds,
  trace: first?.traceId ?? null,
  ...(await environment(here, running)),
})

async function printSummary({ here, running, first }: UpResult, seconds: number): Promise<void> {
  const { installation } = here
  print(paint('green', `Ready in ${seconds.toFixed(1)} s.`))
  print()
  print(table([...urls(here, running), ...(await demoClient(here))]))
  if (first?.traceId !== undefined) {
    print()
    print(`A first request went through: ${first.url}`)
    const page = tracePage(installation, first.traceId)
    print(`Its trace is ${paint('bold', first.traceId)}${page === undefined ? '' : `: ${page}`}`)
    print(`(or ./maru trace ${first.traceId})`)
  }
}

function urls(here: UpResult['here'], running: ReadonlySet<string>): string[][] {
  const services = here.topology.services
    .map((service) => [service.name, instanceName(service, 1)] as const)
    .filter(([, instance]) => running.has(instance))
    .map(([name, instance]) => [name, urlOf(instance, here.installation)])
  const pages = [
    ['prometheus', 'prometheus'],
    ['alertmanager', 'alertmanager'],
    ['traces', 'zipkin'],
    ['traces', 'tempo'],
    ['grafana', 'grafana'],
  ] as const
  const shown = pages
    .filter(([, engine]) => running.has(engine))
    .map(([label, engine]) => [
      label,
      `http://127.0.0.1:${here.installation.ports[engine]?.['main']}/${engine === 'zipkin' ? 'zipkin/' : ''}`,
    ])
  return [...services, ...shown]
}

async function demoClient({ topology: all, where }: UpResult['here']): Promise<string[][]> {
  const clients = await credentialsOf(all, where.secrets)
  const demo = clients.find(({ scopes }) => scopes.includes('read:rank'))
  return demo ? [['demo client', `${demo.id} / ${demo.secret}`]] : []
}
