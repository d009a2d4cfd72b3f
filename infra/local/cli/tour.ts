import { openGateway } from '../front-door.ts'
import { stage } from '../tour/stage.ts'
import { tours } from '../tour/tours.ts'
import { traceStore } from '../trace/choose.ts'
import { supervisorHere } from './checkout.ts'
import { here } from './here.ts'
import { jsonOption, oneNamed, type Command } from './command.ts'
import { clientOf, environment } from './environment.ts'
import { paint, print, printJson, say } from './output.ts'

export function register(program: Command): void {
  program
    .command('tour [product]')
    .description(`drive the running platform through a product’s main job (${tours[0].name})`)
    .option(...jsonOption)
    .addHelpText('after', `\nTours:\n${tours.map(lineOf).join('\n')}`)
    .action(run)
}

const lineOf = ({ name, says }: (typeof tours)[number]): string => `  ${name.padEnd(10)} ${says}`

async function run(product: string = tours[0].name, { json }: { json?: boolean }): Promise<void> {
  const tour = oneNamed('tour', tours, product)
  const began = performance.now()
  supervisorHere()
  const checkout = here()
  const env = await environment(checkout, new Map())
  const { seen, next } = await tour.run(
    {
      gatewayAs: (id) => openGateway(env.gateway, clientOf(env, id)),
      traces: traceStore(env.traces),
      root: checkout.where.root,
    },
    stage({
      paint,
      width: (process.stdout.columns ?? 118) - 2,
      write: json === true ? say : print,
    }),
  )
  const seconds = (performance.now() - began) / 1000
  if (json === true) return printJson({ ok: true, seconds, ...seen })
  print(`\n${paint('green', `All of it was seen, in ${seconds.toFixed(0)} s.`)} Now try:`)
  for (const line of next) print(`  ${line}`)
}
