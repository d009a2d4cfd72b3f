import { topology } from '../../../services/topology.ts'
import { staleFiles, writeRendered } from '../../render.ts'
import { thisCheckout } from './checkout.ts'
import { exitCodes, jsonOption, type Command } from './command.ts'
import { print, printJson, say } from './output.ts'

interface Options {
  readonly check?: boolean
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('render')
    .description('write what follows from the topology: dashboards, alerts, documents, tables')
    .option('--check', 'write nothing; fail when something is out of date')
    .option(...jsonOption)
    .action(run)
}

function run({ check, json }: Options): void {
  const { root } = thisCheckout()
  const paths = check === true ? staleFiles(topology, root) : writeRendered(topology, root)
  if (json === true) printJson(paths)
  else paths.forEach((path) => print(path))
  if (check !== true)
    return say(paths.length === 0 ? 'Nothing changed.' : `${paths.length} changed.`)
  if (paths.length === 0) return say('Everything is as it would be rendered.')
  say('These are out of date: ./maru render writes them.')
  process.exitCode = exitCodes.failed
}
