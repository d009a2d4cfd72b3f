import { topology } from '../../../services/topology.ts'
import type { Service } from '../../../services/model/service.ts'
import { commitsBetween } from '../../gitops/commits.ts'
import { evidence } from '../../gitops/evidence.ts'
import { planPromotion, promote } from '../../gitops/promotion.ts'
import { nearest } from '../../parse-settings.ts'
import { writeRendered } from '../../render.ts'
import { thisCheckout } from './checkout.ts'
import { jsonOption, UsageError, type Command } from './command.ts'
import { measureSlo } from './measured-slo.ts'
import { print, printJson, say } from './output.ts'
import { asUsage, withoutProduct } from './services.ts'

interface Options {
  readonly from: string
  readonly to: string
  readonly prometheus?: string
  readonly tests?: string
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('promote <service>')
    .description('let an environment run the version that another one runs, with the evidence')
    .requiredOption('--from <env>', 'environment that runs it, for example dev')
    .requiredOption('--to <env>', 'environment that is to run it, for example prod')
    .option('--prometheus <url>', 'measure how it does: the Prometheus of the first environment')
    .option('--tests <text>', 'what is known of its tests, for the evidence')
    .option(...jsonOption)
    .addHelpText('after', '\nIt changes one line of gitops/<to>/versions.yaml and commits nothing.')
    .action(run)
}

async function run(name: string, { from, to, prometheus, tests, json }: Options): Promise<void> {
  const { root } = thisCheckout()
  const service = named(name)
  const promotion = asUsage(() => planPromotion(root, { service, from, to }))
  const slo = prometheus === undefined ? undefined : await measured(prometheus, service)
  const commits = await commitsBetween(root, service, promotion.before?.tag, promotion.version.tag)
  const rendered = promote(root, promotion, () => writeRendered(topology, root))
  const { version, before } = promotion
  if (json === true)
    return printJson({
      service: service.name,
      from,
      to,
      version,
      before,
      commits,
      tests,
      slo,
      rendered,
    })
  print(evidence({ promotion, commits, tests, slo }))
  say(`\nChanged: gitops/${to}/versions.yaml and ${rendered.length} rendered files.`)
  say(`Next: ./maru diff --env ${to}, then commit; Argo CD rolls it out from there.`)
}

/** @throws UsageError that names the near one */
function named(word: string): Service {
  const name = withoutProduct(topology, word)
  const found = topology.services.find((one) => one.name === name)
  if (found) return found
  const known = topology.services.map((one) => one.name)
  throw new UsageError(`There is no service "${word}"; ${nearest(name, known)}`)
}

const measured = async (prometheus: string, service: Service) =>
  (await measureSlo(prometheus, service)) ?? 'no requests'
