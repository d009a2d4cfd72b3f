import { topology } from '../../../services/topology.ts'
import { withNeeds } from '../../../services/model/topology.ts'
import type { Service } from '../../../services/model/service.ts'
import { instanceName } from '../needs.ts'
import { logOf } from '../supervisor/files.ts'
import { findSupervisor } from '../supervisor/client.ts'
import { serviceReady } from '../up/service-jobs.ts'
import { up, type UpResult } from '../up/up.ts'
import { thisCheckout } from './checkout.ts'
import { exitCodes, type Command } from './command.ts'
import { followFiles } from './follow.ts'
import { endOnInterrupt } from './interruption.ts'
import { readable } from './log-line.ts'
import { paint, print } from './output.ts'
import { show } from './progress.ts'
import { servicesNamed } from './services.ts'
import { changesOf, type Change } from './source-changes.ts'

export function register(program: Command): void {
  program
    .command('dev <service...>')
    .description('start services with what they need, restart them on change, follow their logs')
    .addHelpText('after', '\nCtrl-C ends the watching only: ./maru down ends what runs.')
    .action(run)
}

async function run(names: readonly string[]): Promise<void> {
  const services = servicesNamed(topology, names)
  const where = thisCheckout()
  const needed = withNeeds(topology, [...services, ...doorsTo(services)])
  const wish = { topology, where, services: needed }
  const result = await up({ ...wish, observed: false, replicas: {} }, show)
  endOnInterrupt(
    () => show.say('\nNo longer watching; what runs goes on (./maru down ends it).'),
    exitCodes.ok,
  )
  const instances = services.flatMap((service) => instancesOf(service, result))
  const files = instances.map((name) => logOf(where.state, name))
  const changes = await changesOf(services, where.root)
  const work = [followFiles(files, (line) => print(readable(line))), watch(changes, result)]
  const watched = services.map(({ name }) => name).join(', ')
  show.say(`Watching ${watched}; Ctrl-C ends the watching.`)
  await Promise.all(work)
}

/** What has an edge is called through the gateway, also while it is being written. */
const doorsTo = (services: readonly Service[]): readonly Service[] =>
  services.some(({ edge }) => edge !== undefined)
    ? topology.services.filter(({ fronts }) => fronts === 'all')
    : []

const instancesOf = (service: Service, { here }: UpResult): readonly string[] =>
  Array.from({ length: here.installation.replicas[service.name] ?? 1 }, (_, at) =>
    instanceName(service, at + 1),
  )

async function watch(changes: AsyncGenerator<Change>, result: UpResult): Promise<void> {
  for await (const { files, affected } of changes) {
    const names = affected.flatMap((service) => instancesOf(service, result))
    show.say(paint('bold', `${files.join(', ')} changed: restarting ${names.join(', ')}`))
    await restart(names, result)
  }
}

// Code that does not start stays restarting with back-off; the next change starts it at once.
async function restart(names: readonly string[], { here }: UpResult): Promise<void> {
  const began = performance.now()
  const supervisor = findSupervisor(here.where.state)
  if (!supervisor) throw new Error('The platform was stopped: ./maru dev starts it again.')
  await supervisor.restart(names)
  try {
    await Promise.all(names.map((name) => serviceReady(name, here, supervisor)))
    show.say(`ready again after ${((performance.now() - began) / 1000).toFixed(1)} s`)
  } catch (error) {
    show.say((error as Error).message)
  }
}
