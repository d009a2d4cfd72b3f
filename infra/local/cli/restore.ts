import { resolve } from 'node:path'
import type { Service } from '../../../services/model/service.ts'
import { topology } from '../../../services/topology.ts'
import { restorable, restore } from '../backup/restore.ts'
import { alone, up } from '../up/up.ts'
import { assertEngines } from './backup.ts'
import { supervisorHere, thisCheckout } from './checkout.ts'
import { type Command } from './command.ts'
import { here } from './here.ts'
import { endOnInterrupt } from './interruption.ts'
import { print, say } from './output.ts'
import { show } from './progress.ts'
import { runServiceTask } from './service-task.ts'

/** Makes what was restored agree with what it follows from. */
const settling = 'reindex'

export function register(program: Command): void {
  program
    .command('restore <folder>')
    .description('bring the stores back to what a backup holds; services stop meanwhile')
    .action(run)
}

async function run(named: string): Promise<void> {
  const began = performance.now()
  const folder = resolve(named)
  const stores = await restorable(topology, folder)
  await assertEngines()
  // Each store is as it was or as in the backup; only the whole is half done, and a restore can be repeated.
  endOnInterrupt(() =>
    say('Interrupted: services may be stopped and some stores restored. Run the same again.'),
  )
  const where = thisCheckout()
  const supervisor = supervisorHere()
  const running = (await supervisor.processes()).map(({ name }) => name)
  const isOf = (service: Service) => (name: string) => name.replace(/-\d+$/, '') === service.name
  const services = topology.services.filter((service) => running.some(isOf(service)))
  const instances = services.flatMap((service) => running.filter(isOf(service)))
  try {
    await alone(where, show, async () => {
      await supervisor.stop(instances)
      await restore(here(), folder, stores, say)
    })
  } finally {
    // Also after a failure: what ran before runs again, on what was there before.
    await up({ topology, where, services, observed: false, replicas: {} }, show)
  }
  for (const service of services)
    if (settling in service.tasks && service.stores.some((store) => stores.includes(store)))
      await runServiceTask(service, settling, here())
  print(`Restored ${stores.length} stores in ${((performance.now() - began) / 1000).toFixed(1)} s.`)
}
