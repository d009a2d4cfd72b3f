import { runningKubeconfig } from '../../cluster/checkout-cluster.ts'
import { nearest } from '../../parse-settings.ts'
import { stackNames } from '../../stacks.ts'
import { examine, type Finding } from '../doctor.ts'
import { examineStack } from '../doctor-stack.ts'
import { processesHere, thisCheckout } from './checkout.ts'
import { here } from './here.ts'
import { exitCodes, jsonOption, UsageError, type Command } from './command.ts'
import { paint, print, printJson, table } from './output.ts'

interface Options {
  readonly stack?: string | true
  readonly kubeconfig?: string
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('doctor')
    .description('say what this machine has, where each server comes from and what is missing')
    .option('--stack [name]', 'what running a stack in Kubernetes needs instead (dev by default)')
    .option('--kubeconfig <path>', '--stack: ask this cluster, not the throw-away one')
    .option(...jsonOption)
    .action(run)
}

async function run({ stack, kubeconfig, json }: Options): Promise<void> {
  if (stack === undefined && kubeconfig !== undefined)
    throw new UsageError('--kubeconfig belongs to --stack: ./maru doctor --stack --kubeconfig …')
  const findings =
    stack === undefined
      ? await machine()
      : await ofStack(stack === true ? 'dev' : stack, kubeconfig)
  if (findings.some(({ state }) => state === 'missing')) process.exitCode = exitCodes.environment
  if (json === true) return printJson(findings)
  print(table(findings.map(({ subject, state, text }) => [mark(state), subject, text])))
}

const machine = async (): Promise<readonly Finding[]> =>
  examine(here(), new Set((await processesHere()).map(({ name }) => name)))

/** @throws UsageError that names the near stack */
async function ofStack(stack: string, named: string | undefined): Promise<readonly Finding[]> {
  const where = thisCheckout()
  const known = stackNames(where.root)
  if (!known.includes(stack))
    throw new UsageError(`There is no Pulumi.${stack}.yaml; ${nearest(stack, known)}`)
  const kubeconfig = named ?? (await runningKubeconfig(where))
  if (kubeconfig === undefined) return examineStack({ where, stack })
  return examineStack({ where, stack, cluster: { kubeconfig, throwAway: named === undefined } })
}

const mark = (state: Finding['state']): string =>
  ({
    ok: paint('green', 'ok'),
    optional: paint('yellow', '--'),
    missing: paint('red', 'missing'),
  })[state]
