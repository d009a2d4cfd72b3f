import { topology } from '../../../services/topology.ts'
import { joinEngine } from '../up/join.ts'
import { thisCheckout } from './checkout.ts'
import type { Command } from './command.ts'
import { say } from './output.ts'

/** Maru's own word: the supervisor runs it to fetch an engine that nobody should have to wait for. */
export function register(program: Command): void {
  program
    .command('join <engine>', { hidden: true })
    .description('fetch an engine and let it join the running platform')
    .action((name: string) => joinEngine({ name, topology, where: thisCheckout(), say }))
}
