import { topology } from '../../../services/topology.ts'
import { planOf, type Plan } from '../scaffold/plan.ts'
import { scaffold } from '../scaffold/scaffold.ts'
import { storeKinds, wishFrom } from '../scaffold/wish.ts'
import { thisCheckout } from './checkout.ts'
import { jsonOption, type Command } from './command.ts'
import { paint, print, printJson } from './output.ts'

interface Options {
  readonly store?: string
  readonly consumes?: string
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('new <product/name>')
    .description('make a new service that runs: declaration, route, test, place in the topology')
    .option('--store <engine>', `with a store of its own: ${storeKinds.join(' or ')}`)
    .option('--consumes <topic>', 'with a consumer of this topic')
    .option(...jsonOption)
    .action(run)
}

async function run(path: string, { store, consumes, json }: Options): Promise<void> {
  const { root } = thisCheckout()
  const plan = await planOf(wishFrom({ path, store, consumes }, topology), topology, root)
  const files = await scaffold(plan, root)
  if (json === true)
    return printJson({ name: plan.name, product: plan.product, port: plan.port, files })
  for (const file of files) print(`  ${file}`)
  print(`\n${paint('green', `${plan.name} is there, on port ${plan.port}.`)} Next:`)
  for (const line of nextSteps(plan)) print(`  ${line}`)
}

const nextSteps = ({ product, name, store, topic }: Plan): readonly string[] => [
  `say what it does         services/${product}/${name}/service.ts, api.ts`,
  `write its rules          services/${product}/${name}/${name}.ts, with the test beside it`,
  `restrict its route       access: a scope of services/${product}/scopes.ts instead of public`,
  ...(topic ? [`handle the records       services/${product}/${name}/consumers.ts`] : []),
  './maru render            dashboards, alerts, documents and tables follow',
  `./maru test ${name}`,
  `./maru dev ${name}       then: curl ${store ? '-X POST ' : ''}"$(./maru env --json | jq -r .gateway)/${name}/Mina"`,
]
