import { topology } from '../../../services/topology.ts'
import type { Command } from './command.ts'
import { here } from './here.ts'
import { runServiceTask, serviceWithTask } from './service-task.ts'

const word = 'rebuild'

export function register(program: Command): void {
  program
    .command(`${word} [service]`)
    .description('make anew what a service derives from Kafka, e.g. the rankings')
    .action((name?: string) => runServiceTask(serviceWithTask(topology, word, name), word, here()))
}
