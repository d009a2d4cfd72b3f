import { topology } from '../../../services/topology.ts'
import { withNeeds } from '../../../services/model/topology.ts'
import { up, type UpResult } from '../up/up.ts'
import { thisCheckout } from './checkout.ts'
import { jsonOption, type Command } from './command.ts'
import { environment, grafanaUrl, tracePage, type Environment, type Pids } from './environment.ts'
import { endOnInterrupt } from './interruption.ts'
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
  // What already runs has a parent of its own, and every step can be repeated: there is nothing to undo.
  endOnInterrupt(() =>
    show.say('Interrupted. What was started goes on: ./maru up continues, ./maru down ends it.'),
  )
  const result = await up(wish, show)
  const seconds = (performance.now() - began) / 1000
  if (options.json === true) return printJson(await asData(result, seconds))
  await printSummary(result, seconds)
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
  const known = await environment(here, running)
  print(table([...services(known), ...pages(known, here, running), ...demoClient(known)]))
  if (first?.traceId !== undefined) {
    print()
    print(`A first request went through: ${first.url}`)
    const page = tracePage(installation, first.traceId)
    print(`Its trace is ${paint('bold', first.traceId)}${page === undefined ? '' : `: ${page}`}`)
    print(`(or ./maru trace ${first.traceId})`)
  }
}

const services = (known: Environment): string[][] =>
  Object.entries(known.services).flatMap(([name, { instances }]) =>
    instances.slice(0, 1).map(({ url }) => [name, url]),
  )

function pages(known: Environment, { installation }: UpResult['here'], running: Pids): string[][] {
  const { prometheus, alertmanager, traces } = known
  const all = [
    ['prometheus', 'prometheus', prometheus.url],
    ['alertmanager', 'alertmanager', alertmanager.url],
    ['traces', traces.kind, traces.ui ?? traces.query],
    ['grafana', 'grafana', grafanaUrl(installation)],
  ] as const
  return all.flatMap(([label, engine, url]) =>
    running.has(engine) && url !== null ? [[label, url]] : [],
  )
}

function demoClient({ clients }: Environment): string[][] {
  const demo = clients.find(({ scopes }) => scopes.includes('read:rank'))
  return demo ? [['demo client', `${demo.id} / ${demo.secret}`]] : []
}
